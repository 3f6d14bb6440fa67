-- When a document made at p_now is due at its centre; rules.due_at says the same in Python.
CREATE OR REPLACE FUNCTION public.invoicing_due_at(p_centre text, p_now timestamptz)
RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_centre
        -- S2.19: one batch at 09:00 of the next day, Taipei.
        WHEN 'mirle' THEN
            ((p_now AT TIME ZONE 'Asia/Taipei')::date + 1 + time '09:00') AT TIME ZONE 'Asia/Taipei'
        ELSE p_now
    END;
$$;

-- Five digits, ROC year and even month (mof.md §14.1): 2026-07-03 is 11508.
CREATE OR REPLACE FUNCTION public.invoicing_period_of(p_date date)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lpad((extract(year FROM p_date)::int - 1911)::text, 3, '0')
        || lpad((extract(month FROM p_date)::int + extract(month FROM p_date)::int % 2)::text, 2, '0');
$$;

-- Records one issued invoice and its waiting transmission.
--
-- p_document is the JSON form of twinvoice.document.Invoice, complete with number, date, time and
-- seller. Refuses INV-NUMBER-USED and INV-DOCUMENT. Called by orders_complete_sale; in Python:
--   invoicing.services.record.issue(...)
CREATE OR REPLACE FUNCTION public.invoicing_record_invoice(
    p_merchant uuid, p_invoice_id uuid, p_order_id uuid, p_register uuid, p_range uuid,
    p_centre text, p_now timestamptz, p_document jsonb, p_transmission_id uuid, p_actor text
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_number text := p_document ->> 'number';
    v_date date := (p_document ->> 'date')::date;
    v_seller text := p_document #>> '{seller,ban}';
    v_period text := public.invoicing_period_of(v_date);
    v_due timestamptz := public.invoicing_due_at(p_centre, p_now);
BEGIN
    IF v_number IS NULL OR v_date IS NULL OR v_seller IS NULL
        OR p_document #>> '{buyer,ban}' IS NULL OR p_document #>> '{totals,total}' IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'GT000', MESSAGE = 'INV-DOCUMENT',
            DETAIL = jsonb_build_object('detail', '缺少號碼、日期、賣方、買方或金額')::text;
    END IF;
    INSERT INTO public.invoicing_invoice
        (merchant_id, id, order_id, register_id, range_id, centre, seller_ban, period, number,
         issued_at, issue_date, buyer_ban, carrier_type, npoban, total, tax, state, manual,
         issued_by, reprints, document)
    VALUES (p_merchant, p_invoice_id, p_order_id, p_register, p_range, p_centre, v_seller, v_period,
         v_number, p_now, v_date, p_document #>> '{buyer,ban}',
         coalesce(p_document ->> 'carrier_type', ''), coalesce(p_document ->> 'npoban', ''),
         (p_document #>> '{totals,total}')::bigint, (p_document #>> '{totals,tax}')::bigint,
         'issued', false, p_actor, 0, p_document)
    ON CONFLICT (merchant_id, seller_ban, period, number) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'GT000', MESSAGE = 'INV-NUMBER-USED',
            DETAIL = jsonb_build_object('number', v_number)::text;
    END IF;
    INSERT INTO public.invoicing_transmission
        (merchant_id, id, subject_kind, subject_id, lane, position, kind, centre, register_id,
         seller_ban, issue_date, number, state, created_at, due_at, next_try_at, attempts, asks,
         outcome, provider_code, provider_message)
    VALUES (p_merchant, p_transmission_id, 'invoice', p_invoice_id,
         v_seller || '/' || v_period || '/' || v_number, 0, 'F0401', p_centre, p_register,
         v_seller, v_date, v_number, 'waiting', p_now, v_due, v_due, 0, 0, '', '', '');
    RETURN jsonb_build_object('invoice_id', p_invoice_id, 'number', v_number, 'period', v_period,
        'transmission_id', p_transmission_id, 'due_at', v_due);
END $$;
