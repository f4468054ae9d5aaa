import { type LoadResult, type LoadShape, runClients } from './clients';

/** What a load program is told, besides its own part. */
export interface LoadSpec {
  readonly shape: LoadShape;
}

/** What it makes of it: one request of a client, and how it ends. */
export interface Load {
  readonly request: (client: number) => Promise<void>;
  readonly close: () => Promise<void> | void;
}

export type LoadReport = { readonly result: LoadResult } | { readonly error: string };

/**
 * The other side of {@link runLoad}: a program that takes one specification, puts the load on, reports
 * and ends. It ends with its parent, too.
 */
export function runLoadProgram<Spec extends LoadSpec>(open: (spec: Spec) => Promise<Load>): void {
  process.once('disconnect', () => process.exit(1));
  process.once('message', (spec: Spec) => {
    void report(spec).then((answer) => process.send?.(answer, () => process.exit(0)));
  });

  async function report(spec: Spec): Promise<LoadReport> {
    try {
      const load = await open(spec);
      const result = await runClients(spec.shape, load.request);
      await load.close();
      return { result };
    } catch (error) {
      return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  }
}
