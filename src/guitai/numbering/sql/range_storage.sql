-- Every take rewrites one row: half-empty pages keep the new version on the same page (HOT).
ALTER TABLE public.numbering_range SET (fillfactor = 50);
