// Which agent is too old for this server: versions are numbers between dots.

const parts = (text) => String(text).split(/[.+-]/).map((part) => (/^\d+$/.test(part) ? Number(part) : 0));

/** Whether `version` is below `least`; an empty `least` asks for nothing. */
export function isOlder(version, least) {
  if (!least) return false;
  const [mine, wanted] = [parts(version), parts(least)];
  for (let at = 0; at < Math.max(mine.length, wanted.length); at += 1) {
    const difference = (mine[at] ?? 0) - (wanted[at] ?? 0);
    if (difference) return difference < 0;
  }
  return false;
}
