-- The class of a member's carrier is the one issued to the seller (mof.md §7.1): the till knows only
-- the member. Refuses ORD-MEMBER where the seller has none.
CREATE OR REPLACE FUNCTION public.orders_member_carrier(
    p_document jsonb, p_kind text, p_member_type text
) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF p_kind <> 'member' THEN
        RETURN p_document;
    ELSIF p_member_type = '' THEN
        PERFORM public.numbering_refuse('ORD-MEMBER', jsonb_build_object(
            'field', 'invoice.carrier',
            'detail', '尚未設定本店的會員載具類別號碼，請改選其他載具。'));
    END IF;
    RETURN p_document || jsonb_build_object('carrier_type', p_member_type);
END $$;

-- Numbers and records the invoice of one order: takes the register's next number, writes number,
-- date, time and seller into the document, and hands it to invoicing with its transmission.
-- p_document is the JSON form of twinvoice.document.Invoice without those four.
CREATE OR REPLACE FUNCTION public.orders_issue_document(
    p_merchant uuid, p_order uuid, p_register uuid, p_now timestamptz, p_day date,
    p_seller jsonb, p_document jsonb, p_invoice_id uuid, p_transmission_id uuid, p_actor text,
    OUT invoice jsonb, OUT remaining bigint, OUT period text, OUT issued_on date
) LANGUAGE plpgsql AS $$
DECLARE
    v_taken record;
    v_local timestamp;
BEGIN
    SELECT * INTO STRICT v_taken
      FROM public.numbering_take_number(p_merchant, p_register, p_now, p_day);
    v_local := v_taken.issued_at AT TIME ZONE 'Asia/Taipei';
    PERFORM public.invoicing_record_invoice(
        p_merchant, p_invoice_id, p_order, p_register, v_taken.range_id, v_taken.centre,
        v_taken.issued_at,
        p_document || jsonb_build_object(
            'number', v_taken.number, 'date', to_char(v_local, 'YYYY-MM-DD'),
            'time', to_char(v_local, 'HH24:MI:SS'), 'seller', p_seller),
        p_transmission_id, p_actor);
    invoice := jsonb_build_object(
        'id', p_invoice_id, 'number', v_taken.number,
        'period_label', public.numbering_period_label(v_taken.period),
        'random_code', p_document ->> 'random_code', 'state', 'waiting', 'manual', false);
    remaining := v_taken.remaining;
    period := v_taken.period;
    issued_on := v_local::date;
END $$;
