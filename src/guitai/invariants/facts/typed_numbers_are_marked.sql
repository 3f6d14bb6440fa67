-- 補登的發票號碼一定標記「自行開立」，訂單上看得到（product.md S3.16–S3.17）。
SELECT o.merchant_id, o.number AS subject, format('號碼 %s 沒有標記', coalesce(i.number, o.invoice_number))
FROM public.orders_order o
LEFT JOIN public.invoicing_invoice i
       ON i.merchant_id = o.merchant_id AND i.order_id = o.id AND i.manual
WHERE NOT o.invoice_manual
  AND (i.id IS NOT NULL OR (o.invoice_number <> '' AND o.invoice_id IS NULL))
