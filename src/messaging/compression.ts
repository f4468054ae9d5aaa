import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import createSnappyCodec from 'kafkajs-snappy';
import type { KafkaConfig } from '../config';

/**
 * How a producer's batches are compressed. kafkajs brings gzip; snappy comes from its maintainers' codec, and is
 * registered with kafkajs for the whole process, so that consumers read it too. lz4 and zstd it cannot read.
 */
export function compressionOf(compression: KafkaConfig['compression']): CompressionTypes {
  CompressionCodecs[CompressionTypes.Snappy] = createSnappyCodec;
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
