import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { compressFrameSync } from 'lz4-napi';
import { compressionOf, unpackZstdInJavaScript } from '../../../src/kafka/compression';

/** A frame without its length, as a stream writes it (RFC 8878): a block of plain bytes, or of one byte repeated. */
const HEADER = Buffer.from('28b52ffd0058', 'hex');
const block = (type: number, size: number, content: string, last: boolean): Buffer => {
  const head = Buffer.alloc(3);
  head.writeUIntLE((size << 3) | (type << 1) | Number(last), 0, 3);
  return Buffer.concat([head, Buffer.from(content)]);
};
const plain = Buffer.concat([HEADER, block(0, 5, 'hello', true)]);
const repeated = Buffer.concat([HEADER, ...Array.from({ length: 100 }, (_, n) => block(1, 131_072, 'x', n === 99))]);

type Codec = { decompress(batch: Buffer): Promise<Buffer> };
function codecOf(type: CompressionTypes.LZ4 | CompressionTypes.ZSTD): Codec {
  compressionOf('none');
  return (CompressionCodecs[type] as unknown as () => Codec)();
}

test('lz4 frames are unpacked, and what is none is an error', async () => {
  const text = Buffer.from('text '.repeat(50_000));
  const { decompress } = codecOf(CompressionTypes.LZ4);
  expect((await decompress(compressFrameSync(text))).equals(text)).toBe(true);
  await expect(decompress(compressFrameSync(text).subarray(0, 50))).rejects.toThrow();
  await expect(decompress(Buffer.from('no frame'))).rejects.toThrow();
});

test('zstd frames are unpacked, up to a limit', async () => {
  const { decompress } = codecOf(CompressionTypes.ZSTD);
  for (const unpack of [decompress, unpackZstdInJavaScript]) {
    expect((await unpack(plain)).toString()).toBe('hello');
    expect(await unpack(repeated)).toHaveLength(13_107_200);
  }
  expect(() => unpackZstdInJavaScript(repeated, 1_000_000)).toThrow('unpacks to more than 1000000 bytes');
});

test('what is not zstd is an error', async () => {
  const { decompress } = codecOf(CompressionTypes.ZSTD);
  await expect(decompress(Buffer.from('no frame'))).rejects.toThrow();
  expect(() => unpackZstdInJavaScript(Buffer.from('no frame'))).toThrow();
});
