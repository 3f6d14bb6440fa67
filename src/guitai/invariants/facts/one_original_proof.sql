-- 一張發票只有一份證明聯正本的列印工作；其餘都是補印（mof.md §3.8）。
SELECT merchant_id, subject_id::text AS subject, format('%s 份正本', count(*))
FROM public.devices_printjob
WHERE kind IN ('proof', 'company_proof') AND copy = 'original' AND state <> 'cancelled'
GROUP BY merchant_id, subject_id
HAVING count(*) > 1
