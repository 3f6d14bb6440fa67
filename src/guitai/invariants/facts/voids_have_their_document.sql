-- 作廢的發票恰好有一份作廢文件，未作廢的沒有。
SELECT i.merchant_id, i.number AS subject, format('狀態 %s，文件 %s 份', i.state, count(v.id))
FROM public.invoicing_invoice i
LEFT JOIN public.invoicing_voiddocument v
    ON v.merchant_id = i.merchant_id AND v.invoice_id = i.id
WHERE NOT i.manual
GROUP BY i.merchant_id, i.id, i.number, i.state
HAVING count(v.id) <> (CASE WHEN i.state = 'voided' THEN 1 ELSE 0 END)
