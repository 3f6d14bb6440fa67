-- Every sale rewrites its register's row: half-empty pages keep it in place (HOT).
ALTER TABLE public.orders_registerledger SET (fillfactor = 50);

-- The next event of a register under its row lock: seq for ever, serial within the business day.
-- A clock that ran back keeps counting the later day, so that order numbers stay unique.
CREATE OR REPLACE FUNCTION public.orders_next_event(
    p_merchant uuid, p_register uuid, p_ledger_id uuid, p_day date, p_sale boolean,
    OUT seq bigint, OUT serial int, OUT day date
) LANGUAGE sql AS $$
    INSERT INTO public.orders_registerledger AS l
        (merchant_id, id, register_id, day, day_serial, seq)
    VALUES (p_merchant, p_ledger_id, p_register, p_day, p_sale::int, 1)
    ON CONFLICT (merchant_id, register_id) DO UPDATE SET
        seq = l.seq + 1,
        day_serial = CASE WHEN excluded.day > l.day THEN p_sale::int
                          ELSE l.day_serial + p_sale::int END,
        day = greatest(l.day, excluded.day)
    RETURNING l.seq, l.day_serial, l.day;
$$;
