-- 每張系統開立的發票有一筆開立上傳；作廢的另有一筆作廢上傳；自行開立的沒有。
SELECT i.merchant_id, i.number AS subject,
       format('狀態 %s，開立 %s 筆，作廢 %s 筆', i.state, sent.issues, sent.voids)
FROM public.invoicing_invoice i
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE t.kind = 'F0401') AS issues,
           count(*) FILTER (WHERE t.kind = 'F0501') AS voids
    FROM public.invoicing_transmission t
    WHERE t.merchant_id = i.merchant_id
      AND t.lane = i.seller_ban || '/' || i.period || '/' || i.number
) sent
WHERE sent.issues <> (CASE WHEN i.manual THEN 0 ELSE 1 END)
   OR sent.voids <> (CASE WHEN i.manual OR i.state = 'issued' THEN 0 ELSE 1 END)
