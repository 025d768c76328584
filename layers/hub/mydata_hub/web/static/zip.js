// A ZIP (APPNOTE 6.3) put together in the browser: deflated files, then the list of them. What is
// finished is a Blob, which the browser may keep on disk, so one file at a time is in memory.

const MAX_BYTES = 0xffffffff;
const UTF8 = 0x0800;
const DEFLATE = 8;
const VERSION = 20;
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Little-endian fields: [bytes, value] each. */
function fields(...pairs) {
  const view = new DataView(new ArrayBuffer(pairs.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of pairs) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return view.buffer;
}

export class Zip {
  #parts = [];
  #list = [];
  #offset = 0;
  #time;
  #date;

  constructor(at) {
    this.#time = (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1);
    this.#date = ((at.getFullYear() - 1980) << 9) | ((at.getMonth() + 1) << 5) | at.getDate();
  }

  /** Add a file. Throws RangeError past 4 GB, which takes another layout. */
  async add(name, bytes) {
    const squeezed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
    const content = await new Response(squeezed).blob();
    const encoded = new TextEncoder().encode(name);
    const common = [
      [2, VERSION],
      [2, UTF8],
      [2, DEFLATE],
      [2, this.#time],
      [2, this.#date],
      [4, crc32(bytes)],
      [4, content.size],
      [4, bytes.length],
      [2, encoded.length],
      [2, 0],
    ];
    const head = fields([4, 0x04034b50], ...common);
    const entry = fields(
      [4, 0x02014b50],
      [2, VERSION],
      ...common,
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, this.#offset],
    );
    this.#list.push(entry, encoded);
    this.#parts.push(head, encoded, content);
    this.#offset += head.byteLength + encoded.length + content.size;
    if (this.#offset > MAX_BYTES) throw new RangeError("over 4 GB");
  }

  /** The whole, as one Blob. */
  close() {
    const list = new Blob(this.#list);
    const count = this.#list.length / 2;
    const end = fields(
      [4, 0x06054b50],
      [2, 0],
      [2, 0],
      [2, count],
      [2, count],
      [4, list.size],
      [4, this.#offset],
      [2, 0],
    );
    return new Blob([...this.#parts, list, end], { type: "application/zip" });
  }
}
