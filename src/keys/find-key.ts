import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineQuery } from '../mediator/message';
import { defineTable } from '../platform/database/table';
import { lockRows } from '../mediator/row.sql';
import { decodeCursor, encodeCursor } from '../platform/cursor';
import type { Tx } from '../platform/database/database';
import { opaqueId, pageQuery, text } from '../platform/schemas';
import { keyNotFound, keyResponse, type KeyRow, toKeyResponse } from './api-key';

/** The query of the route. */
export const keyFilter = z.strictObject(pageQuery);

/** Lists all keys, newest first, including revoked and expired keys. */
export const listKeys = defineQuery({
  name: 'ListKeys',
  input: keyFilter,
  result: z.object({ data: z.array(keyResponse), next_cursor: z.string().nullable() }),
  roles: ['operator'],
});

const position = z.tuple([text(64)]);

export const listKeysHandler = handle(listKeys, async ({ limit, cursor }, { database }) => {
  const [before] = cursor === undefined ? [] : decodeCursor(cursor, position);
  const keys = await database.apiKey.findMany({
    ...(before !== undefined && { where: { key_id: { lt: before } } }),
    orderBy: { key_id: 'desc' },
    take: limit + 1,
  });
  const page = keys.slice(0, limit);
  const last = keys.length > limit ? page.at(-1) : undefined;
  return { data: page.map(toKeyResponse), next_cursor: last ? encodeCursor([last.key_id]) : null };
});

/** Reads one key, and the key that replaced it. @throws Refusal `key_not_found` */
export const getKey = defineQuery({
  name: 'GetKey',
  input: z.strictObject({ id: opaqueId }),
  result: keyResponse.extend({ replaced_by: z.string().nullable() }),
  roles: ['operator'],
});

export const getKeyHandler = handle(getKey, async ({ id }, { database }) => {
  const row = await database.apiKey.findUnique({ where: { key_id: id } });
  if (!row) throw keyNotFound(id);
  return { ...toKeyResponse(row), replaced_by: row.replaced_by };
});

export const keyTable = defineTable('api_key', 'key_id');

/** Locks a key's row until the transaction ends. @throws Refusal `key_not_found` */
export async function lockKey(tx: Tx, id: string): Promise<KeyRow> {
  const [row] = await lockRows(tx, [{ table: keyTable, id }]);
  if (row === undefined) throw keyNotFound(id);
  return row as KeyRow;
}
