import { v7 } from 'uuid';

export type IdPrefix =
  'ord' | 'inv' | 'evt' | 'cap' | 'ltx' | 'svc' | 'key' | 'req' | 'opa' | 'rpl' | 'shp' | 'pay' | 'rec';

/** A new opaque id: prefix + UUIDv7 (RFC 9562), so ids of one prefix sort by time of making. */
export const newId = (prefix: IdPrefix): string => `${prefix}_${v7().replaceAll('-', '')}`;
