import { crc32 } from 'node:zlib';

/** The number of shards. Rows store their shard, so a change would break the order per aggregate. */
export const SHARDS = 16;

/** Returns the shard of an aggregate: all its events share it, so one relay keeps their order. */
export const shardOf = (aggregateId: string): number => crc32(aggregateId) % SHARDS;
