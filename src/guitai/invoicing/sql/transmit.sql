-- Claiming, settling and recovering transmissions. The worker serves all merchants, so these three
-- start from what is due, not from one merchant; every row they touch is named by (merchant_id, id).

-- Moves up to p_limit due transmissions to in_flight and returns them. A document may go when
-- everything before it in its lane is settled and its centre account is not paused.
CREATE OR REPLACE FUNCTION public.invoicing_claim(
    p_worker bigint, p_centres text[], p_now timestamptz, p_limit integer
) RETURNS SETOF public.invoicing_transmission LANGUAGE sql AS $$
    WITH due AS MATERIALIZED (
        SELECT t.merchant_id, t.id
        FROM public.invoicing_transmission t
        WHERE t.state = 'waiting' AND t.next_try_at <= p_now AND t.centre = ANY (p_centres)
          AND (t.position = 0 OR NOT EXISTS (
              SELECT 1 FROM public.invoicing_transmission before
              WHERE before.merchant_id = t.merchant_id AND before.lane = t.lane
                AND before.position < t.position
                AND before.state NOT IN ('sent', 'confirmed')))
          -- An entity's account speaks for the registers that have none of their own.
          AND NOT EXISTS (
              SELECT 1 FROM public.invoicing_centreaccount a
              WHERE a.merchant_id = t.merchant_id AND a.centre = t.centre AND a.state = 'paused'
                AND (a.register_id = t.register_id
                     OR (a.register_id IS NULL AND a.seller_ban = t.seller_ban AND NOT EXISTS (
                         SELECT 1 FROM public.invoicing_centreaccount own
                         WHERE own.merchant_id = t.merchant_id AND own.centre = t.centre
                           AND own.register_id = t.register_id))))
        ORDER BY t.next_try_at
        LIMIT p_limit
        FOR UPDATE OF t SKIP LOCKED
    )
    UPDATE public.invoicing_transmission t
    SET state = 'in_flight', claimed_by = p_worker, claimed_at = p_now,
        attempts = t.attempts + 1, wire_at = coalesce(t.wire_at, p_now)
    FROM due
    WHERE t.merchant_id = due.merchant_id AND t.id = due.id AND t.state = 'waiting'
    RETURNING t.*;
$$;

-- Takes up to p_limit documents in doubt whose time to ask has come; they stay in_doubt.
CREATE OR REPLACE FUNCTION public.invoicing_claim_doubt(
    p_worker bigint, p_centres text[], p_now timestamptz, p_limit integer
) RETURNS SETOF public.invoicing_transmission LANGUAGE sql AS $$
    WITH due AS MATERIALIZED (
        SELECT t.merchant_id, t.id
        FROM public.invoicing_transmission t
        WHERE t.state = 'in_doubt' AND t.claimed_by IS NULL AND t.next_try_at <= p_now
          AND t.centre = ANY (p_centres)
          -- An entity's account speaks for the registers that have none of their own.
          AND NOT EXISTS (
              SELECT 1 FROM public.invoicing_centreaccount a
              WHERE a.merchant_id = t.merchant_id AND a.centre = t.centre AND a.state = 'paused'
                AND (a.register_id = t.register_id
                     OR (a.register_id IS NULL AND a.seller_ban = t.seller_ban AND NOT EXISTS (
                         SELECT 1 FROM public.invoicing_centreaccount own
                         WHERE own.merchant_id = t.merchant_id AND own.centre = t.centre
                           AND own.register_id = t.register_id))))
        ORDER BY t.next_try_at
        LIMIT p_limit
        FOR UPDATE OF t SKIP LOCKED
    )
    UPDATE public.invoicing_transmission t
    SET claimed_by = p_worker, claimed_at = p_now, asks = t.asks + 1
    FROM due
    WHERE t.merchant_id = due.merchant_id AND t.id = due.id AND t.state = 'in_doubt'
    RETURNING t.*;
$$;

-- Compare-and-set of many rows of one worker's claim, one event each; returns the ids that moved.
-- A row that is no longer this worker's (its claim was taken over) stays as it is.
CREATE OR REPLACE FUNCTION public.invoicing_settle(
    p_worker bigint, p_now timestamptz, p_merchants uuid[], p_ids uuid[], p_events uuid[],
    p_before text[], p_after text[], p_next timestamptz[], p_outcomes text[], p_codes text[],
    p_messages text[], p_notes text[]
) RETURNS SETOF uuid LANGUAGE sql AS $$
    WITH input AS (
        SELECT * FROM unnest(p_merchants, p_ids, p_events, p_before, p_after, p_next, p_outcomes,
                             p_codes, p_messages, p_notes)
            AS i (merchant_id, id, event_id, before, after, next_at, outcome, code, message, note)
    ), moved AS (
        UPDATE public.invoicing_transmission t
        SET state = i.after,
            outcome = CASE WHEN i.outcome = '' THEN t.outcome ELSE i.outcome END,
            provider_code = CASE WHEN i.outcome = '' THEN t.provider_code ELSE i.code END,
            provider_message = CASE WHEN i.outcome = '' THEN t.provider_message ELSE i.message END,
            next_try_at = coalesce(i.next_at, t.next_try_at),
            claimed_by = CASE WHEN i.after = 'in_flight' THEN t.claimed_by END,
            claimed_at = CASE WHEN i.after = 'in_flight' THEN p_now END,
            attempts = t.attempts + (i.after = 'in_flight')::int,
            doubted_at = CASE WHEN i.after = 'in_doubt' OR i.before = 'in_doubt'
                              THEN coalesce(t.doubted_at, p_now) ELSE t.doubted_at END,
            sent_at = CASE WHEN i.after IN ('sent', 'confirmed')
                           THEN coalesce(t.sent_at, p_now) ELSE t.sent_at END,
            confirmed_at = CASE WHEN i.after = 'confirmed'
                                THEN coalesce(t.confirmed_at, p_now) ELSE t.confirmed_at END
        FROM input i
        WHERE t.merchant_id = i.merchant_id AND t.id = i.id AND t.state = i.before
          AND t.claimed_by = p_worker
        RETURNING t.merchant_id, t.id, t.attempts, i.event_id, i.before, i.after, i.outcome,
                  i.code, i.message, i.note
    ), noted AS (
        INSERT INTO public.invoicing_transmissionevent
            (merchant_id, id, transmission_id, at, attempt, before, after, outcome, provider_code,
             provider_message, actor, note)
        SELECT m.merchant_id, m.event_id, m.id, p_now, m.attempts, m.before, m.after, m.outcome,
               m.code, m.message, '系統', m.note
        FROM moved m
    )
    SELECT m.id FROM moved m;
$$;

-- Puts in doubt what a dead worker left in flight, and frees what it was asking about. A worker
-- lives as long as its session holds the advisory lock of its number; a claim older than p_lease
-- counts as left behind even then. Returns how many rows were recovered.
CREATE OR REPLACE FUNCTION public.invoicing_recover(
    p_me bigint, p_now timestamptz, p_lease interval, p_quiet interval
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_gone bigint[];
    v_count integer;
BEGIN
    SELECT array_agg(held.claimed_by) INTO v_gone
    FROM (SELECT DISTINCT t.claimed_by FROM public.invoicing_transmission t
          WHERE t.state IN ('in_flight', 'in_doubt') AND t.claimed_by IS NOT NULL
            AND t.claimed_by <> p_me) held
    WHERE pg_try_advisory_xact_lock(held.claimed_by);
    WITH left_behind AS (
        SELECT t.merchant_id, t.id, t.state AS before
        FROM public.invoicing_transmission t
        WHERE t.state IN ('in_flight', 'in_doubt') AND t.claimed_by IS NOT NULL
          AND (t.claimed_by = ANY (v_gone) OR t.claimed_at < p_now - p_lease)
        FOR UPDATE SKIP LOCKED
    ), freed AS (
        UPDATE public.invoicing_transmission t
        SET state = 'in_doubt', claimed_by = NULL, claimed_at = NULL,
            doubted_at = coalesce(t.doubted_at, p_now),
            next_try_at = CASE WHEN l.before = 'in_flight' THEN p_now + p_quiet
                               ELSE t.next_try_at END
        FROM left_behind l
        WHERE t.merchant_id = l.merchant_id AND t.id = l.id
        RETURNING t.merchant_id, t.id, t.attempts, l.before
    ), noted AS (
        INSERT INTO public.invoicing_transmissionevent
            (merchant_id, id, transmission_id, at, attempt, before, after, outcome, provider_code,
             provider_message, actor, note)
        SELECT f.merchant_id, gen_random_uuid(), f.id, p_now, f.attempts, 'in_flight', 'in_doubt',
               '', '', '', '系統', '上傳程式中斷，結果不明'
        FROM freed f WHERE f.before = 'in_flight'
    )
    SELECT count(*) INTO v_count FROM freed;
    RETURN v_count;
END $$;
