-- One sale, all of it or nothing, in one round trip (DESIGN §3):
--   orders.services.complete_sale(till, sale, body_hash, now)
-- p_needs are the permissions this sale takes; p_sale is what orders.services.sale lays out.
-- Refuses BIND-NONE, TILL-SESSION, GT-NOT-ALLOWED, ORD-REUSED, ORD-NOT-SOLD, ORD-CATALOG-CHANGED,
-- ORD-ZERO-RATE, ORD-MEMBER, NUM-…, INV-….

-- What differs between the lines and the catalogue: {gone: [...], changed: [...]}, or NULL.
CREATE OR REPLACE FUNCTION public.orders_catalog_differences(p_merchant uuid, p_lines jsonb)
RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN count(*) > 0 THEN jsonb_build_object(
        'gone', bool_or(d.gone),
        'names', string_agg(d.line ->> 'name', '、' ORDER BY d.position)
                     FILTER (WHERE d.place <= 3)
                 || CASE WHEN count(*) > 3 THEN '…等 ' || count(*) || ' 項' ELSE '' END,
        'lines', jsonb_agg(d.shown ORDER BY d.position)) END
      FROM (
        SELECT l.ordinality AS position, row_number() OVER (ORDER BY l.ordinality) AS place,
               l.value AS line, p.id IS NULL OR NOT p.active AS gone,
               jsonb_build_object(
                   'line', l.ordinality - 1, 'product_id', l.value ->> 'product_id',
                   'name', p.name, 'unit_price', p.price, 'tax_type', p.tax_type,
                   'sold', coalesce(p.active, false)) AS shown
          FROM jsonb_array_elements(p_lines) WITH ORDINALITY AS l
          LEFT JOIN public.catalog_product p
            ON p.merchant_id = p_merchant AND p.id = (l.value ->> 'product_id')::uuid
         WHERE l.value ->> 'product_id' IS NOT NULL
           AND (p.id IS NULL OR NOT p.active OR p.name <> l.value ->> 'name'
                OR p.tax_type <> l.value ->> 'tax_type'
                OR (p.price <> (l.value ->> 'unit_price')::bigint
                    AND NOT (l.value ->> 'price_override')::boolean))
      ) d;
$$;

-- V21: a document with a zero-rated part carries one reason and one customs mark: those of its
-- products, unless the till said others.
CREATE OR REPLACE FUNCTION public.orders_zero_rate(
    p_merchant uuid, p_lines jsonb, p_document jsonb
) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE v_reasons text[]; v_marks text[];
BEGIN
    IF coalesce((p_document #>> '{totals,zero_tax_sales}')::bigint, 0) = 0 THEN
        RETURN p_document;
    END IF;
    SELECT array_agg(DISTINCT p.zero_tax_reason), array_agg(DISTINCT p.customs_mark)
      INTO v_reasons, v_marks
      FROM jsonb_array_elements(p_lines) AS l
      JOIN public.catalog_product p
        ON p.merchant_id = p_merchant AND p.id = (l.value ->> 'product_id')::uuid
     WHERE l.value ->> 'tax_type' = '2';
    IF p_document ? 'zero_tax_rate_reason' THEN
        v_reasons := array[p_document ->> 'zero_tax_rate_reason'];
    END IF;
    IF p_document ? 'customs_clearance_mark' THEN
        v_marks := array[p_document ->> 'customs_clearance_mark'];
    END IF;
    IF cardinality(v_reasons) IS DISTINCT FROM 1 OR cardinality(v_marks) IS DISTINCT FROM 1 THEN
        PERFORM public.numbering_refuse('ORD-ZERO-RATE',
            jsonb_build_object('field', 'invoice.zero_tax_reason'));
    END IF;
    RETURN p_document || jsonb_build_object(
        'zero_tax_rate_reason', v_reasons[1], 'customs_clearance_mark', v_marks[1]);
END $$;

-- Permissions first, then the catalogue: what the clerk may do, and what is sold at which price.
CREATE OR REPLACE FUNCTION public.orders_check_sale(
    p_merchant uuid, p_permissions text[], p_needs text[], p_lines jsonb
) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE v_difference jsonb;
BEGIN
    IF p_permissions IS NULL THEN
        PERFORM public.numbering_refuse('TILL-SESSION', '{}'::jsonb);
    ELSIF NOT p_needs <@ p_permissions THEN
        PERFORM public.numbering_refuse('GT-NOT-ALLOWED', jsonb_build_object('permission',
            (SELECT min(n) FROM unnest(p_needs) n WHERE n <> ALL (p_permissions))));
    END IF;
    v_difference := public.orders_catalog_differences(p_merchant, p_lines);
    IF v_difference IS NOT NULL THEN
        PERFORM public.numbering_refuse(
            CASE WHEN (v_difference ->> 'gone')::boolean
                 THEN 'ORD-NOT-SOLD' ELSE 'ORD-CATALOG-CHANGED' END,
            (v_difference - 'gone') || jsonb_build_object('field', 'lines'));
    END IF;
END $$;

-- The slips of a sale: [{id, kind}]. A company's detail is joined to its proof (B.6.3).
CREATE OR REPLACE FUNCTION public.orders_queue_slips(
    p_merchant uuid, p_register uuid, p_proof text, p_detail boolean, p_sale_id uuid,
    p_now timestamptz, p_sale jsonb
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE v_slips jsonb := '[]'::jsonb;
BEGIN
    IF p_proof <> '' THEN
        PERFORM public.devices_queue_print(p_merchant, (p_sale ->> 'print_id')::uuid, p_register,
            p_proof, (p_sale ->> 'invoice_id')::uuid, 'original', p_now);
        v_slips := jsonb_build_array(
            jsonb_build_object('id', p_sale ->> 'print_id', 'kind', p_proof));
    END IF;
    IF p_detail AND p_proof <> 'company_proof' THEN
        PERFORM public.devices_queue_print(p_merchant, (p_sale ->> 'detail_id')::uuid, p_register,
            'detail', p_sale_id, 'original', p_now);
        v_slips := v_slips || jsonb_build_array(
            jsonb_build_object('id', p_sale ->> 'detail_id', 'kind', 'detail'));
    END IF;
    RETURN v_slips;
END $$;

CREATE OR REPLACE FUNCTION public.orders_write_lines(
    p_merchant uuid, p_sale_id uuid, p_lines jsonb
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.orders_orderline
        (merchant_id, id, order_id, position, product_id, name, quantity, unit_price, amount,
         discount, tax_type, price_override)
    SELECT p_merchant, (l.value ->> 'id')::uuid, p_sale_id, l.ordinality,
           (l.value ->> 'product_id')::uuid, l.value ->> 'name', (l.value ->> 'quantity')::numeric,
           (l.value ->> 'unit_price')::bigint, (l.value ->> 'amount')::bigint,
           (l.value ->> 'discount')::bigint, l.value ->> 'tax_type',
           (l.value ->> 'price_override')::boolean
      FROM jsonb_array_elements(p_lines) WITH ORDINALITY AS l;
$$;

-- The winner's answer for a twin of it; NULL where there is none yet. Another body under the same
-- key, or the same key at another register, is refused.
CREATE OR REPLACE FUNCTION public.orders_replay(
    p_merchant uuid, p_register uuid, p_sale_id uuid, p_body_hash bytea
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE v_answer jsonb; v_hash bytea; v_register uuid;
BEGIN
    SELECT o.answer, o.body_hash, o.register_id INTO v_answer, v_hash, v_register
      FROM public.orders_order o WHERE o.merchant_id = p_merchant AND o.id = p_sale_id;
    IF v_hash <> p_body_hash OR v_register <> p_register THEN
        PERFORM public.numbering_refuse('ORD-REUSED', '{}'::jsonb);
    END IF;
    RETURN v_answer || '{"replay": true}'::jsonb;
END $$;

-- How many numbers a register has left in the period of p_now.
CREATE OR REPLACE FUNCTION public.orders_remaining(
    p_merchant uuid, p_register uuid, p_now timestamptz
) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(n.end_no - n.next_no + 1), 0)::bigint FROM public.numbering_range n
     WHERE n.merchant_id = p_merchant AND n.owner_id = p_register AND n.state = 'active'
       AND n.period = public.numbering_period_of((p_now AT TIME ZONE 'Asia/Taipei')::date)
       AND n.invoice_type = '07';
$$;

CREATE OR REPLACE FUNCTION public.orders_complete_sale(
    p_merchant uuid, p_token_hash bytea, p_session uuid, p_sale_id uuid, p_body_hash bytea,
    p_needs text[], p_now timestamptz, p_sale jsonb
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_till record;
    v_event record;
    v_issued record;
    v_invoice jsonb;
    v_document jsonb;
    v_period text := '';
    v_ours boolean := false;
    v_number text;
    v_day date := (p_now AT TIME ZONE 'Asia/Taipei')::date;
    v_answer jsonb;
BEGIN
    SELECT * INTO STRICT v_till FROM public.orders_till(p_merchant, p_token_hash, p_session);
    -- A sale that is already here is answered again, even if its session has ended since.
    v_answer := public.orders_replay(p_merchant, v_till.register_id, p_sale_id, p_body_hash);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    PERFORM public.orders_check_sale(p_merchant, v_till.permissions, p_needs, p_sale -> 'lines');

    -- From here on one sale of this register at a time; a twin of this sale waited and is seen now.
    SELECT * INTO STRICT v_event FROM public.orders_next_event(
        p_merchant, v_till.register_id, (p_sale ->> 'ledger_id')::uuid, v_day, true);
    v_answer := public.orders_replay(p_merchant, v_till.register_id, p_sale_id, p_body_hash);
    IF v_answer IS NOT NULL THEN
        UPDATE public.orders_registerledger SET seq = seq - 1, day_serial = day_serial - 1
         WHERE merchant_id = p_merchant AND register_id = v_till.register_id;
        RETURN v_answer;
    END IF;
    -- Four digits, or as many as it takes: lpad would cut the fifth off.
    v_number := v_till.store_code || '-' || v_till.register_code || '-'
        || to_char(v_event.day, 'YYMMDD') || '-'
        || lpad(v_event.serial::text, greatest(4, length(v_event.serial::text)), '0');

    IF jsonb_typeof(p_sale -> 'document') = 'object' THEN
        v_document := public.orders_member_carrier(
            p_sale -> 'document', p_sale ->> 'kind', v_till.member_type);
    END IF;
    IF v_document IS NOT NULL AND v_till.auto_issue THEN
        SELECT * INTO STRICT v_issued FROM public.orders_issue_document(
            p_merchant, p_sale_id, v_till.register_id, p_now, NULL, v_till.seller,
            public.orders_zero_rate(p_merchant, p_sale -> 'lines', v_document),
            (p_sale ->> 'invoice_id')::uuid, (p_sale ->> 'transmission_id')::uuid,
            v_till.staff_name);
        v_ours := true;
        v_invoice := v_issued.invoice;
        v_period := v_issued.period;
        -- Who waited for the lock over midnight issues at the moment of the one before.
        v_day := v_issued.issued_on;
    ELSIF p_sale ->> 'manual_number' IS NOT NULL THEN
        v_period := p_sale ->> 'manual_period';
        v_invoice := jsonb_build_object('id', NULL, 'number', p_sale ->> 'manual_number',
            'period_label', public.numbering_period_label(v_period), 'random_code', NULL,
            'state', 'manual', 'manual', true);
    END IF;

    v_answer := jsonb_build_object(
        'order', jsonb_build_object(
            'id', p_sale_id, 'number', v_number, 'total', (p_sale ->> 'total')::bigint,
            'change', (p_sale ->> 'change')::bigint, 'issued_at', p_now,
            'can_issue', v_invoice IS NULL AND (p_sale ->> 'can_issue')::boolean,
            'notice', coalesce(
                nullif(p_sale ->> 'notice', ''),
                CASE WHEN v_ours THEN nullif(p_sale ->> 'long_company', '') END,
                CASE WHEN v_till.print_detail THEN p_sale ->> 'long_detail' END, '')),
        'invoice', v_invoice,
        'print_jobs', public.orders_queue_slips(p_merchant, v_till.register_id,
            CASE WHEN v_ours AND v_till.auto_print THEN p_sale ->> 'proof_kind' ELSE '' END,
            v_till.print_detail AND p_sale ->> 'long_detail' = '', p_sale_id, p_now, p_sale),
        'numbers', jsonb_build_object('remaining',
            public.orders_remaining(p_merchant, v_till.register_id, p_now)),
        'replay', false);

    INSERT INTO public.orders_order
        (merchant_id, id, number, register_id, store_id, entity_id, session_id, staff_id,
         staff_name, state, seq, started_at, completed_at, business_day, recognised_on, gross,
         line_discount, order_discount, total, change, note, body_hash, answer, invoice_kind,
         invoice_choice, invoice_id, invoice_number, invoice_period, invoice_manual, invoice_seq,
         invoice_voided, cancelled_by, cancel_reason)
    VALUES (p_merchant, p_sale_id, v_number, v_till.register_id, v_till.store_id,
         v_till.entity_id, v_till.session_id, v_till.staff_id, v_till.staff_name, 'completed',
         v_event.seq, (p_sale ->> 'started_at')::timestamptz, p_now, v_day,
         coalesce((p_sale ->> 'recognised_on')::date, v_day), (p_sale ->> 'gross')::bigint,
         (p_sale ->> 'line_discount')::bigint, (p_sale ->> 'order_discount')::bigint,
         (p_sale ->> 'total')::bigint, (p_sale ->> 'change')::bigint, p_sale ->> 'note',
         p_body_hash, v_answer, p_sale ->> 'kind', p_sale -> 'choice',
         CASE WHEN v_ours THEN (p_sale ->> 'invoice_id')::uuid END,
         coalesce(v_invoice ->> 'number', ''), v_period, v_invoice IS NOT NULL AND NOT v_ours,
         CASE WHEN v_ours THEN v_event.seq END, false, '', '');
    PERFORM public.orders_write_lines(p_merchant, p_sale_id, p_sale -> 'lines');
    PERFORM public.payments_record_tenders(p_merchant, p_sale_id, p_now, p_sale -> 'tenders');
    PERFORM public.kernel_record_audit(p_merchant, (p_sale ->> 'audit_id')::uuid, p_now,
        'register', v_till.staff_id, v_till.staff_name, 'order.complete', 'orders.order',
        p_sale_id, jsonb_build_object('number', v_number, 'total', (p_sale ->> 'total')::bigint,
            'invoice', v_invoice ->> 'number', 'register', v_till.register_code));
    RETURN v_answer;
END $$;
