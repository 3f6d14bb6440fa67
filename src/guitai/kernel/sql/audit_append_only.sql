CREATE OR REPLACE FUNCTION kernel_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

DROP TRIGGER IF EXISTS kernel_auditentry_append_only ON public.kernel_auditentry;
CREATE TRIGGER kernel_auditentry_append_only
    BEFORE UPDATE OR DELETE ON public.kernel_auditentry
    FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change();

-- One audit row from inside another function of the same transaction.
CREATE OR REPLACE FUNCTION public.kernel_record_audit(
    p_merchant uuid, p_id uuid, p_at timestamptz, p_actor_kind text, p_actor_id uuid,
    p_actor_name text, p_verb text, p_subject_kind text, p_subject_id uuid, p_after jsonb
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.kernel_auditentry
        (merchant_id, id, at, actor_kind, actor_id, actor_name, verb, subject_kind, subject_id,
         before, after, reason)
    VALUES (p_merchant, p_id, p_at, p_actor_kind, p_actor_id, p_actor_name, p_verb,
            p_subject_kind, p_subject_id, NULL, p_after, '');
$$;
