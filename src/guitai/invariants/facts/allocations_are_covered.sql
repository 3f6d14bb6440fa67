-- 每段配號的每一號都恰好在一個區間裡。
SELECT a.merchant_id, a.track || lpad(a.begin_no::text, 8, '0') AS subject,
       format('配號 %s 張，區間共 %s 張', a.end_no - a.begin_no + 1,
              coalesce(sum(r.end_no - r.begin_no + 1), 0))
FROM public.numbering_allocation a
LEFT JOIN public.numbering_range r
    ON r.merchant_id = a.merchant_id AND r.allocation_id = a.id
   AND r.begin_no >= a.begin_no AND r.end_no <= a.end_no
GROUP BY a.merchant_id, a.id, a.track, a.begin_no, a.end_no
HAVING coalesce(sum(r.end_no - r.begin_no + 1), 0) <> a.end_no - a.begin_no + 1
