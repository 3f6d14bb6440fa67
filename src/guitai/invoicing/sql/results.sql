-- Moves rows by compare-and-set on their state (no claim: a result file or a person decided), one
-- event each; returns the ids that moved.
CREATE OR REPLACE FUNCTION public.invoicing_decide(
    p_now timestamptz, p_actor text, p_merchants uuid[], p_ids uuid[], p_events uuid[],
    p_before text[], p_after text[], p_codes text[], p_messages text[], p_notes text[]
) RETURNS SETOF uuid LANGUAGE sql AS $$
    WITH input AS (
        SELECT * FROM unnest(p_merchants, p_ids, p_events, p_before, p_after, p_codes, p_messages,
                             p_notes)
            AS i (merchant_id, id, event_id, before, after, code, message, note)
    ), moved AS (
        UPDATE public.invoicing_transmission t
        SET state = i.after,
            provider_code = CASE WHEN i.code = '' THEN t.provider_code ELSE i.code END,
            provider_message = CASE WHEN i.code = '' THEN t.provider_message ELSE i.message END,
            claimed_by = NULL, claimed_at = NULL,
            next_try_at = CASE WHEN i.after = 'waiting' THEN p_now ELSE t.next_try_at END,
            sent_at = CASE WHEN i.after IN ('sent', 'confirmed')
                           THEN coalesce(t.sent_at, p_now) ELSE t.sent_at END,
            confirmed_at = CASE WHEN i.after = 'confirmed'
                                THEN coalesce(t.confirmed_at, p_now) ELSE t.confirmed_at END
        FROM input i
        WHERE t.merchant_id = i.merchant_id AND t.id = i.id AND t.state = i.before
        RETURNING t.merchant_id, t.id, t.attempts, i.event_id, i.before, i.after, i.code,
                  i.message, i.note
    ), noted AS (
        INSERT INTO public.invoicing_transmissionevent
            (merchant_id, id, transmission_id, at, attempt, before, after, outcome, provider_code,
             provider_message, actor, note)
        SELECT m.merchant_id, m.event_id, m.id, p_now, m.attempts, m.before, m.after, '',
               m.code, m.message, p_actor, m.note
        FROM moved m
    )
    SELECT m.id FROM moved m;
$$;
