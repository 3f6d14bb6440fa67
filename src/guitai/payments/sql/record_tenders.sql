-- The payments of one order. p_tenders: [{id, method, amount, received, reference}], in order.
CREATE OR REPLACE FUNCTION public.payments_record_tenders(
    p_merchant uuid, p_order uuid, p_now timestamptz, p_tenders jsonb
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.payments_tender
        (merchant_id, id, order_id, position, method, amount, received, reference, recorded_at)
    SELECT p_merchant, (t.value ->> 'id')::uuid, p_order, t.ordinality, t.value ->> 'method',
           (t.value ->> 'amount')::bigint, (t.value ->> 'received')::bigint,
           coalesce(t.value ->> 'reference', ''), p_now
      FROM jsonb_array_elements(p_tenders) WITH ORDINALITY AS t;
$$;
