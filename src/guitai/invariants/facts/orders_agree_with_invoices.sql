-- 訂單上的發票存在、金額相同、狀態相同。
SELECT o.merchant_id, o.number AS subject,
       coalesce(format('%s：訂單 %s 元，發票 %s 元，%s', i.number, o.total, i.total, i.state),
                '找不到發票')
FROM public.orders_order o
LEFT JOIN public.invoicing_invoice i ON i.merchant_id = o.merchant_id AND i.id = o.invoice_id
WHERE o.invoice_id IS NOT NULL
  AND (i.id IS NULL OR i.order_id <> o.id OR i.total <> o.total OR i.number <> o.invoice_number
       OR (o.state = 'cancelled' AND i.state <> 'voided'))
