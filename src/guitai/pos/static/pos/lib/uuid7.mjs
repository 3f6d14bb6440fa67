// UUIDv7 (RFC 9562): the id of a sale is made here, before anything is sent.

let lastMillis = 0;
let counter = 0;

/** A new id. Ascending within one page even inside one millisecond. */
export function uuid7(now = Date.now(), random = crypto.getRandomValues(new Uint8Array(10))) {
  if (now > lastMillis) {
    lastMillis = now;
    counter = ((random[0] & 0x07) << 8) | random[1];
  } else {
    counter += 1;
    if (counter > 0xfff) {
      lastMillis += 1;
      counter = 0;
    }
  }
  const time = lastMillis.toString(16).padStart(12, "0");
  const third = (0x7000 | counter).toString(16);
  const fourth = (0x8000 | ((random[2] & 0x3f) << 8) | random[3]).toString(16);
  const node = [...random.slice(4, 10)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${time.slice(0, 8)}-${time.slice(8)}-${third}-${fourth}-${node}`;
}
