import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import createSnappyCodec from 'kafkajs-snappy';
import type { KafkaConfig } from './kafka-config';

/** A codec as kafkajs expects it. */
interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(batch: Buffer): Promise<Buffer>;
}

/** The most that one batch may unpack to. A crafted batch of a megabyte could unpack to more than the memory. */
const MAX_UNPACKED_BYTES = 256 * 1_024 * 1_024;

const gzip = promisify(zlib.gzip);
const unzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.unzip);

const gzipCodec: Codec = {
  compress: ({ buffer }) => gzip(buffer),
  decompress: (batch) => unzip(batch, { maxOutputLength: MAX_UNPACKED_BYTES }),
};

const readOnly = async (): Promise<never> => {
  throw new Error('This codec only reads batches.');
};

const lz4Codec: Codec = {
  compress: readOnly,
  // Loaded at first use, so that a platform without its binary fails only on such topics. LZ4 unpacks to at most 255 times
  // the batch.
  decompress: async (batch) => (await import('lz4-napi')).decompressFrame(batch),
};

const zstdCodec: Codec = { compress: readOnly, decompress: async (batch) => unpackZstd(batch) };

/** Exists since Node 22.15. */
const nativeZstd = (
  zlib as { zstdDecompress?: (batch: Buffer, options: { maxOutputLength: number }, done: ZstdDone) => void }
).zstdDecompress;
type ZstdDone = (error: Error | null, result: Buffer) => void;

const unpackZstd = (batch: Buffer): Promise<Buffer> | Buffer =>
  nativeZstd
    ? promisify<Buffer, { maxOutputLength: number }, Buffer>(nativeZstd)(batch, { maxOutputLength: MAX_UNPACKED_BYTES })
    : unpackZstdInJavaScript(batch);

/**
 * Unpacks a zstd batch.
 *
 * @throws Error when it is not zstd, or unpacks to more than `maxBytes`
 */
export function unpackZstdInJavaScript(batch: Buffer, maxBytes = MAX_UNPACKED_BYTES): Buffer {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const decompress = new Decompress((chunk) => {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new RangeError(`A batch unpacks to more than ${maxBytes} bytes.`);
    chunks.push(chunk);
  });
  decompress.push(batch, true);
  return Buffer.concat(chunks);
}

/**
 * Returns kafkajs's number of a compression, and registers all codecs for the whole process, so that consumers read
 * every topic. kafkajs's own gzip has no limit; snappy is from its maintainers.
 */
export function compressionOf(compression: KafkaConfig['compression']): CompressionTypes {
  CompressionCodecs[CompressionTypes.GZIP] = () => gzipCodec;
  CompressionCodecs[CompressionTypes.Snappy] = createSnappyCodec;
  CompressionCodecs[CompressionTypes.LZ4] = () => lz4Codec;
  CompressionCodecs[CompressionTypes.ZSTD] = () => zstdCodec;
  switch (compression) {
    case 'none':
      return CompressionTypes.None;
    case 'gzip':
      return CompressionTypes.GZIP;
    case 'snappy':
      return CompressionTypes.Snappy;
    default:
      return compression satisfies never;
  }
}
