-- An issued document never changes: corrections are new documents (DESIGN §4 Documents).
CREATE OR REPLACE FUNCTION public.invoicing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'documents in % are immutable', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

DROP TRIGGER IF EXISTS invoicing_invoice_keep ON public.invoicing_invoice;
CREATE TRIGGER invoicing_invoice_keep BEFORE UPDATE ON public.invoicing_invoice
    FOR EACH ROW WHEN (
        (OLD.merchant_id, OLD.id, OLD.order_id, OLD.register_id, OLD.range_id, OLD.centre,
         OLD.seller_ban, OLD.period, OLD.number, OLD.issued_at, OLD.issue_date, OLD.buyer_ban,
         OLD.carrier_type, OLD.npoban, OLD.total, OLD.tax, OLD.manual, OLD.issued_by, OLD.document)
        IS DISTINCT FROM
        (NEW.merchant_id, NEW.id, NEW.order_id, NEW.register_id, NEW.range_id, NEW.centre,
         NEW.seller_ban, NEW.period, NEW.number, NEW.issued_at, NEW.issue_date, NEW.buyer_ban,
         NEW.carrier_type, NEW.npoban, NEW.total, NEW.tax, NEW.manual, NEW.issued_by, NEW.document)
    ) EXECUTE FUNCTION public.invoicing_refuse_change();

DROP TRIGGER IF EXISTS invoicing_invoice_state ON public.invoicing_invoice;
CREATE TRIGGER invoicing_invoice_state BEFORE UPDATE ON public.invoicing_invoice
    FOR EACH ROW WHEN (OLD.state = 'voided' AND NEW.state <> 'voided')
    EXECUTE FUNCTION public.invoicing_refuse_change();

DROP TRIGGER IF EXISTS invoicing_invoice_stay ON public.invoicing_invoice;
CREATE TRIGGER invoicing_invoice_stay BEFORE DELETE ON public.invoicing_invoice
    FOR EACH ROW EXECUTE FUNCTION public.invoicing_refuse_change();

DROP TRIGGER IF EXISTS invoicing_void_keep ON public.invoicing_voiddocument;
CREATE TRIGGER invoicing_void_keep BEFORE UPDATE OR DELETE ON public.invoicing_voiddocument
    FOR EACH ROW EXECUTE FUNCTION public.invoicing_refuse_change();

DROP TRIGGER IF EXISTS invoicing_event_keep ON public.invoicing_transmissionevent;
CREATE TRIGGER invoicing_event_keep BEFORE UPDATE OR DELETE ON public.invoicing_transmissionevent
    FOR EACH ROW EXECUTE FUNCTION public.invoicing_refuse_change();
