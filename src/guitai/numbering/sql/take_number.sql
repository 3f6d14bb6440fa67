-- The next invoice number of one owner, under the row lock of its range.
--
-- numbering.services.take_number(register_id, now, day) calls numbering_take_number; orders'
-- complete_sale calls it inside its own transaction. Sources: mof.md §4 (only today's date, only
-- the period of the transaction time in Asia/Taipei, ascending in time), §14.6; product.md S2.18,
-- S2.26. A rolled-back transaction gives its number back, so nothing is skipped.

CREATE OR REPLACE FUNCTION public.numbering_period_of(p_day date) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lpad((extract(year FROM p_day)::int - 1911)::text, 3, '0')
        || lpad((extract(month FROM p_day)::int + extract(month FROM p_day)::int % 2)::text, 2, '0');
$$;

-- 11512 → 115年11-12月
CREATE OR REPLACE FUNCTION public.numbering_period_label(p_period text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT left(p_period, 3)::int || '年' || lpad((right(p_period, 2)::int - 1)::text, 2, '0')
        || '-' || right(p_period, 2) || '月';
$$;

CREATE OR REPLACE FUNCTION public.numbering_refuse(p_code text, p_params jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'GT000', MESSAGE = p_code, DETAIL = p_params::text;
END $$;

-- Why an owner has no number: called only when there is none, so it may look around.
CREATE OR REPLACE FUNCTION public.numbering_refuse_empty(
    p_merchant uuid, p_owner uuid, p_period text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_total bigint; v_paused bigint; v_closed bigint; v_others text;
    v_params jsonb := jsonb_build_object(
        'period', public.numbering_period_label(p_period), 'period_code', p_period);
BEGIN
    SELECT count(*), count(*) FILTER (WHERE state = 'paused' AND next_no <= end_no),
           count(*) FILTER (WHERE state IN ('closed', 'reported'))
      INTO v_total, v_paused, v_closed
      FROM public.numbering_range
     WHERE merchant_id = p_merchant AND owner_id = p_owner AND period = p_period;
    IF v_paused > 0 THEN
        PERFORM public.numbering_refuse('NUM-PAUSED', v_params);
    ELSIF v_closed > 0 THEN
        PERFORM public.numbering_refuse('NUM-CLOSED', v_params);
    ELSIF v_total > 0 THEN
        PERFORM public.numbering_refuse('NUM-EXHAUSTED', v_params);
    END IF;
    SELECT string_agg(DISTINCT public.numbering_period_label(period), '、') INTO v_others
      FROM public.numbering_range
     WHERE merchant_id = p_merchant AND owner_id = p_owner AND next_no <= end_no;
    IF v_others IS NOT NULL THEN
        PERFORM public.numbering_refuse('NUM-OTHER-PERIOD',
            v_params || jsonb_build_object('periods', v_others));
    END IF;
    PERFORM public.numbering_refuse('NUM-NONE', v_params);
END $$;

CREATE OR REPLACE FUNCTION public.numbering_take_from(
    p_merchant uuid, p_owner uuid, p_centre text, p_now timestamptz, p_type text
) RETURNS TABLE(number text, range_id uuid, period text, remaining bigint, centre text,
                issued_at timestamptz, invoice_type text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_period text := public.numbering_period_of((p_now AT TIME ZONE 'Asia/Taipei')::date);
    v_range public.numbering_range%ROWTYPE;
    v_last timestamptz;
    v_seen timestamptz;
BEGIN
    -- A book that is begun goes first, then ascending. The loop is for a book that another client
    -- finished while we waited for its lock: it then no longer matches and the next one is tried.
    LOOP
        SELECT * INTO v_range FROM public.numbering_range
         WHERE merchant_id = p_merchant AND owner_id = p_owner AND period = v_period
           AND invoice_type = p_type AND state = 'active' AND next_no <= end_no
         ORDER BY (next_no = begin_no), track, begin_no
         LIMIT 1 FOR UPDATE;
        EXIT WHEN FOUND;
        PERFORM 1 FROM public.numbering_range
         WHERE merchant_id = p_merchant AND owner_id = p_owner AND period = v_period
           AND invoice_type = p_type AND state = 'active' AND next_no <= end_no;
        IF NOT FOUND THEN
            PERFORM public.numbering_refuse_empty(p_merchant, p_owner, v_period);
        END IF;
    END LOOP;

    v_last := v_range.last_issued_at;
    IF v_last IS NULL THEN
        -- The first of a book: time must not run back behind the books before it either.
        SELECT max(last_issued_at) INTO v_last FROM public.numbering_range
         WHERE merchant_id = p_merchant AND owner_id = p_owner AND period = v_period;
    END IF;
    -- What was issued in a later period shows too that the clock ran back, whatever is left here.
    SELECT greatest(v_last, max(last_issued_at)) INTO v_seen FROM public.numbering_range
     WHERE merchant_id = p_merchant AND owner_id = p_owner AND period > v_period;
    IF p_now < v_seen - interval '5 seconds' THEN
        PERFORM public.numbering_refuse('NUM-CLOCK-BACK', jsonb_build_object(
            'now', to_char(p_now AT TIME ZONE 'Asia/Taipei', 'YYYY-MM-DD HH24:MI:SS'),
            'last', to_char(v_seen AT TIME ZONE 'Asia/Taipei', 'YYYY-MM-DD HH24:MI:SS')));
    END IF;

    UPDATE public.numbering_range
       SET next_no = v_range.next_no + 1, last_issued_at = greatest(p_now, v_last)
     WHERE merchant_id = p_merchant AND id = v_range.id;

    -- Clients that waited for the lock read their clock a moment before: they issue at the moment
    -- of the number before theirs, so that time never runs against number order (E0209).
    RETURN QUERY SELECT
        v_range.track || lpad(v_range.next_no::text, 8, '0'), v_range.id, v_period,
        (SELECT coalesce(sum(r.end_no - r.next_no + 1), 0)::bigint FROM public.numbering_range r
          WHERE r.merchant_id = p_merchant AND r.owner_id = p_owner AND r.period = v_period
            AND r.invoice_type = p_type AND r.state = 'active'),
        coalesce(nullif(v_range.centre, ''), p_centre)::text,
        greatest(p_now, v_last), v_range.invoice_type::text;
END $$;

-- For a till. p_day is the date the invoice is wanted for: only today's can be issued.
--
-- Two settings name a centre. The register's says whether it is connected at all: "none" takes no
-- number, whatever its ranges say (B.5.3). Among connected registers a range with a centre of its
-- own (numbers that a centre handed out) goes to that centre, and only a range without one to the
-- register's: a number must be uploaded where it was assigned. numbering.queries.centre_of says the
-- same to screens.
CREATE OR REPLACE FUNCTION public.numbering_take_number(
    p_merchant uuid, p_register uuid, p_now timestamptz, p_day date DEFAULT NULL
) RETURNS TABLE(number text, range_id uuid, period text, remaining bigint, centre text,
                issued_at timestamptz, invoice_type text)
LANGUAGE plpgsql AS $$
DECLARE
    v_today date := (p_now AT TIME ZONE 'Asia/Taipei')::date;
    v_centre text;
BEGIN
    IF p_day <> v_today THEN
        PERFORM public.numbering_refuse(
            CASE WHEN public.numbering_period_of(p_day) <> public.numbering_period_of(v_today)
                 THEN 'NUM-DAY-PERIOD'
                 WHEN p_day < v_today THEN 'NUM-DAY-PAST' ELSE 'NUM-DAY-FUTURE' END,
            jsonb_build_object('day', p_day, 'today', v_today));
    END IF;
    SELECT r.centre INTO v_centre FROM public.tenancy_register r
     WHERE r.merchant_id = p_merchant AND r.id = p_register AND r.retired_at IS NULL;
    IF v_centre IS NULL THEN
        PERFORM public.numbering_refuse('NUM-NO-REGISTER', '{}'::jsonb);
    ELSIF v_centre = 'none' THEN
        PERFORM public.numbering_refuse('NUM-NO-CENTRE', '{}'::jsonb);
    END IF;
    -- A till issues general tax (07); numbers of the special rates (08) are another kind (V20).
    RETURN QUERY SELECT * FROM public.numbering_take_from(
        p_merchant, p_register, v_centre, p_now, '07');
END $$;

-- For the web channel of one seller.
CREATE OR REPLACE FUNCTION public.numbering_take_web_number(
    p_merchant uuid, p_entity uuid, p_centre text, p_now timestamptz
) RETURNS TABLE(number text, range_id uuid, period text, remaining bigint, centre text,
                issued_at timestamptz, invoice_type text)
LANGUAGE sql AS $$
    SELECT * FROM public.numbering_take_from(p_merchant, p_entity, p_centre, p_now, '07');
$$;

-- Whether a number lies inside numbers of this merchant's own in that period (all its sellers).
CREATE OR REPLACE FUNCTION public.numbering_is_own(
    p_merchant uuid, p_period text, p_number text
) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.numbering_allocation
         WHERE merchant_id = p_merchant AND period = p_period AND track = left(p_number, 2)
           AND begin_no <= substr(p_number, 3)::int AND end_no >= substr(p_number, 3)::int);
$$;
