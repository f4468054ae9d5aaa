import { crc32 } from 'node:zlib';

/** Fixed for ever: a row's lane is stored, and order per aggregate needs it to stay the same. */
export const LANES = 16;

/** All events of one aggregate travel in one lane, so one sender keeps their order. */
export const laneOf = (aggregateId: string): number => crc32(aggregateId) % LANES;
