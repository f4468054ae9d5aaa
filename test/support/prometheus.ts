export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly types: Readonly<Record<string, string>>;
  readonly helps: ReadonlySet<string>;
  readonly samples: readonly Sample[];
  /** The sum of the samples with this name and these labels; `undefined` when there is none. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/g;
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{((?:${LABEL.source},?)*)\\})? (NaN|[+-]Inf|[+-]?[\\d.]+(?:e[+-]?\\d+)?)( \\d+)?$`,
  'i',
);

/**
 * Reads Prometheus's text format strictly (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * @throws Error for a line that is none, a type told twice, or a sample told twice
 */
export function parseExposition(text: string): Exposition {
  const types: Record<string, string> = {};
  const helps = new Set<string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    const type = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`).exec(line);
    if (type?.[1] !== undefined) {
      if (types[type[1]]) throw new Error(`The type of ${type[1]} is told twice.`);
      types[type[1]] = type[2] ?? '';
    } else if (line.startsWith('# HELP ')) helps.add(line.split(' ')[2] ?? '');
    else if (line !== '' && !line.startsWith('#')) {
      const parts = SAMPLE.exec(line);
      if (!parts) throw new Error(`Not a sample: ${line}`);
      const series = line.slice(0, line.lastIndexOf(' '));
      if (seen.has(series)) throw new Error(`Told twice: ${series}`);
      seen.add(series);
      const labels = [...(parts[2] ?? '').matchAll(LABEL)].map(([, name = '', value = '']) => [name, value]);
      samples.push({ name: parts[1] ?? '', labels: Object.fromEntries(labels), value: Number(parts[5]) });
    }
  }
  return {
    types,
    helps,
    samples,
    sum(name, labels = {}) {
      const found = samples.filter(
        (sample) =>
          sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      );
      return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
    },
  };
}

/** Scrapes as Prometheus does. */
export async function scrape(url: string): Promise<Exposition> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}.`);
  const contentType = response.headers.get('content-type') ?? '';
  if (!contentType.startsWith('text/plain; version=0.0.4')) throw new Error(`${url} is ${contentType}.`);
  return parseExposition(await response.text());
}

/** What Prometheus's naming rules (https://prometheus.io/docs/practices/naming/) say against our own names. */
export function namingFaults({ types, helps }: Exposition): string[] {
  return Object.entries(types)
    .filter(([name]) => name.startsWith('paysaga_'))
    .flatMap(([name, type]) => [
      ...(helps.has(name) ? [] : [`${name} has no help`]),
      ...(/^[a-z][a-z0-9_]*$/.test(name) ? [] : [`${name} is not snake_case`]),
      ...((type === 'counter') === name.endsWith('_total') ? [] : [`${name} is a ${type}`]),
      ...(/_(ms|milliseconds|minutes|count|bucket|sum|kb|mb)(_total)?$/.test(name) ? [`${name} has a wrong unit`] : []),
    ]);
}
