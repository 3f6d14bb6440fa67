-- A slip to print at a register; devices.services.queue_print calls it, and orders' sale path.
CREATE OR REPLACE FUNCTION public.devices_queue_print(
    p_merchant uuid, p_id uuid, p_register uuid, p_kind text, p_subject uuid, p_copy text,
    p_now timestamptz
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.devices_printjob
        (merchant_id, id, register_id, kind, subject_id, copy, state, detail, created_at,
         changed_at, doc, sha256)
    VALUES (p_merchant, p_id, p_register, p_kind, p_subject, p_copy, 'waiting', '', p_now,
         p_now, NULL, '');
$$;
