import { z } from 'zod';
import { variables } from '../../src/config';

/** Returns a table in Markdown. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Escapes the bars of a cell's text. */
export const escapeCell = (text: string): string => text.replaceAll('|', '\\|');

/** A setting of the service. */
export interface Setting {
  readonly name: string;
  readonly description: string;
  /** The default as the environment would have it, or `undefined` without a default. */
  readonly default: string | undefined;
  /** The allowed values, in words. */
  readonly values: string;
  readonly isRequired: boolean;
}

/** The settings of Temporal, which `@temporalio/envconfig` reads. */
const TEMPORAL: readonly Setting[] = [
  ['TEMPORAL_ADDRESS', 'Temporal’s frontend, as `host:port`.', undefined, true],
  ['TEMPORAL_NAMESPACE', 'The namespace of the sagas.', 'default', false],
  ['TEMPORAL_API_KEY', 'The API key of Temporal Cloud. With it the connection speaks TLS.', undefined, false],
  ['TEMPORAL_TLS', '`true` speaks TLS.', undefined, false],
  ['TEMPORAL_TLS_CLIENT_CERT_PATH', 'The path of the client’s certificate, as PEM.', undefined, false],
  ['TEMPORAL_TLS_CLIENT_KEY_PATH', 'The path of the client’s key, as PEM.', undefined, false],
  ['TEMPORAL_TLS_SERVER_CA_CERT_PATH', 'The path of the authority’s certificate, as PEM.', undefined, false],
  ['TEMPORAL_TLS_SERVER_NAME', 'The name that the server’s certificate must have.', undefined, false],
].map(([name, description, fallback, isRequired]) => ({
  name: name as string,
  description: description as string,
  default: fallback as string | undefined,
  values: 'text',
  isRequired: isRequired === true,
}));

/** Returns every setting of the service by part, from the schemas that check them at the start. */
export function settings(): [part: string, settings: readonly Setting[]][] {
  const own = Object.entries(variables).map(([part, schemas]): [string, Setting[]] => [
    part,
    Object.entries<z.ZodType>(schemas).map(([name, schema]) => readSetting(name, schema)),
  ]);
  return [...own.slice(0, 3), ['Temporal', TEMPORAL], ...own.slice(3)];
}

function readSetting(name: string, schema: z.ZodType): Setting {
  const { description = '' } = z.globalRegistry.get(schema) ?? {};
  if (description === '') throw new Error(`${name} has no description: add .describe(…) to its schema.`);
  const isOptional = schema.safeParse(undefined).success;
  return {
    name,
    description,
    default: isOptional ? written(schema.parse(undefined)) : undefined,
    values: valuesOf(schema),
    isRequired: !isOptional,
  };
}

/** Returns a value as the environment would have it. */
function written(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (Array.isArray(value)) return value.length > 0 ? value.join(',') : undefined;
  if (typeof value === 'object' && value !== null && 'text' in value) return String(value.text);
  return String(value);
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly JsonSchema[];
}

function valuesOf(schema: z.ZodType): string {
  const read = (io: 'input' | 'output') => z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
  const [input, output] = [read('input'), read('output')];
  if (input.enum?.join() === '0,1,true,false') return '`1` or `0`';
  const choices = input.enum ?? output.enum;
  if (choices) return choices.map((choice) => `\`${choice}\``).join(', ');
  const { minimum, maximum } = output;
  if (minimum !== undefined && maximum !== undefined) {
    const least = minimum.toLocaleString('en-US');
    return maximum === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${maximum.toLocaleString('en-US')}`;
  }
  return typeof schema.safeParse('1 day').data === 'object' ? 'a duration such as `30 days` or `90s`' : 'text';
}

/** Renders `docs/configuration.md`. */
export const renderConfiguration = (): string =>
  [
    '# Configuration',
    'Each process reads its settings from environment variables, checks all of them at start, and ends with code 2 and one ' +
      'line per mistake when one is missing or wrong. An empty variable counts as not set. ' +
      '[.env.example](../.env.example) lists them for copying.',
    ...settings().flatMap(([part, ofPart]) => [
      `## ${part}`,
      ...(part === 'Temporal'
        ? [
            'They are read as [Temporal’s own tools](https://docs.temporal.io/develop/environment-configuration) read them, ' +
              'also from a profile of its configuration file.',
          ]
        : []),
      table(
        ['variable', 'what it sets', 'values', 'default'],
        ofPart.map((setting) => [
          `\`${setting.name}\``,
          escapeCell(setting.description),
          escapeCell(setting.values),
          setting.isRequired ? '**required**' : setting.default === undefined ? '–' : `\`${setting.default}\``,
        ]),
      ),
    ]),
  ].join('\n\n');

/** Renders `.env.example`. */
export const renderEnvExample = (): string =>
  [
    '# Copy this file to .env, set what is required, and start with `node --env-file=.env dist/src/cli.js serve api`.\n' +
      '# What is commented out has the default that is shown. docs/configuration.md says what each may be.',
    ...settings().map(([part, ofPart]) =>
      [
        `# --- ${part}`,
        ...ofPart.flatMap((setting) => [
          `# ${setting.description}`,
          setting.isRequired
            ? `${setting.name}=${EXAMPLES[setting.name] ?? ''}`
            : `#${setting.name}=${setting.default ?? ''}`,
        ]),
      ].join('\n'),
    ),
  ].join('\n\n') + '\n';

const EXAMPLES: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgresql://paysaga:secret@localhost:5432/paysaga',
  KAFKA_BROKERS: 'localhost:9092',
  TEMPORAL_ADDRESS: 'localhost:7233',
};
