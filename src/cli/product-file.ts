import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { validationFailed } from '../cqrs/pipeline';
import { productTerms, stock } from '../domain/product';
import { productSku } from '../inventory/put-product';
import { explain } from './explain';
import { UsageError } from './options';

/** Stocks are absolute, so that a file can be imported again after a failure. */
const product = z.strictObject({ sku: productSku, ...productTerms, stock });
/** A product of a file. */
export type ProductOfFile = z.infer<typeof product>;

/** Reads the products of a file: a JSON array, or a JSON object on each line. @throws UsageError naming every error */
export function readProducts(path: string): ProductOfFile[] {
  const products: ProductOfFile[] = [];
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const { place, value } of parse(read(path))) {
    const parsed = product.safeParse(value);
    if (!parsed.success) {
      wrong.push(
        ...explain(validationFailed(parsed.error.issues))
          .split('\n')
          .map((line) => `${place}: ${line}`),
      );
    } else if (seen.has(parsed.data.sku)) wrong.push(`${place}: ${parsed.data.sku} is there twice`);
    else {
      seen.add(parsed.data.sku);
      products.push(parsed.data);
    }
  }
  if (wrong.length > 0) throw new UsageError(`${path} was not imported:\n${wrong.join('\n')}`);
  if (products.length === 0) throw new UsageError(`${path} has no products.`);
  return products;
}

function read(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

interface Placed {
  readonly place: string;
  readonly value: unknown;
}

function parse(content: string): Placed[] {
  if (content.trimStart().startsWith('[')) {
    const values = parseJson(content, 'The file') as unknown[];
    return values.map((value, index) => ({ place: `product ${index + 1}`, value }));
  }
  return content.split('\n').flatMap((line, index) => {
    const place = `line ${index + 1}`;
    return line.trim() === '' ? [] : [{ place, value: parseJson(line, place) }];
  });
}

function parseJson(content: string, place: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw new UsageError(`${place} is not JSON; a file is a JSON array, or has a JSON object on each line.`);
  }
}
