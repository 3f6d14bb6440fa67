-- Who stands at which register: the binding of the device's token and the open session there.
-- Refuses BIND-NONE, TEN-MERCHANT-SUSPENDED (tenancy's errors). The session's columns are NULL
-- where p_session is not the open session of that register.
CREATE OR REPLACE FUNCTION public.orders_till(
    p_merchant uuid, p_token_hash bytea, p_session uuid,
    OUT register_id uuid, OUT register_code text, OUT auto_issue boolean, OUT auto_print boolean,
    OUT print_detail boolean, OUT store_id uuid, OUT store_code text, OUT entity_id uuid,
    OUT seller jsonb, OUT session_id uuid, OUT staff_id uuid, OUT staff_name text,
    OUT permissions text[], OUT member_type text
) LANGUAGE plpgsql STABLE AS $$
DECLARE v_suspended timestamptz;
BEGIN
    SELECT r.id, r.code, r.auto_issue, r.auto_print, r.print_detail, s.id, s.code, e.id,
           jsonb_strip_nulls(jsonb_build_object(
               'ban', e.ban, 'name', e.name, 'address', nullif(e.address, ''),
               'person_in_charge', nullif(e.person_in_charge, ''),
               'telephone', nullif(e.telephone, ''), 'email', nullif(e.email, ''))),
           t.id, t.staff_id, t.staff_name, t.permissions,
           e.member_carrier_type, m.suspended_at
      INTO register_id, register_code, auto_issue, auto_print, print_detail, store_id, store_code,
           entity_id, seller, session_id, staff_id, staff_name, permissions, member_type,
           v_suspended
      FROM public.tenancy_binding b
      JOIN public.tenancy_register r ON r.merchant_id = p_merchant AND r.id = b.register_id
      JOIN public.tenancy_store s ON s.merchant_id = p_merchant AND s.id = r.store_id
      JOIN public.tenancy_businessentity e ON e.merchant_id = p_merchant AND e.id = s.entity_id
      JOIN public.tenancy_merchant m ON m.id = p_merchant
      LEFT JOIN public.tenancy_tillsession t ON t.merchant_id = p_merchant AND t.id = p_session
           AND t.register_id = r.id AND t.closed_at IS NULL
     WHERE b.merchant_id = p_merchant AND b.token_hash = p_token_hash
       AND b.released_at IS NULL AND r.retired_at IS NULL;
    IF register_id IS NULL THEN
        PERFORM public.numbering_refuse('BIND-NONE', '{}'::jsonb);
    ELSIF v_suspended IS NOT NULL THEN
        PERFORM public.numbering_refuse('TEN-MERCHANT-SUSPENDED', '{}'::jsonb);
    END IF;
END $$;
