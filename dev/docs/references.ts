import type { Argument, Command, Option } from 'commander';
import * as markdown from 'prettier/plugins/markdown';
import { format } from 'prettier/standalone';
import { createProgram } from '../../src/cli/program';
import { httpCodes, type RefusalCodeEntry, stepCodes } from '../../src/platform/refusal';
import { escapeCell, renderConfiguration, renderEnvExample, table } from './configuration';

const rowsOf = (codes: Readonly<Record<string, RefusalCodeEntry>>, cells: (entry: RefusalCodeEntry) => string[]) =>
  Object.entries(codes).map(([code, entry]) => [`\`${code}\``, ...cells(entry).map(escapeCell)]);

/** Renders `docs/errors.md`. */
const renderErrors = (): string =>
  [
    '# Errors',
    'Every error is `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): `type`, `title`, `status`, ' +
      '`detail`, `instance`, `code`, `request_id`, and of `validation_failed` also `errors` (`pointer`, `message`). Decide by ' +
      '`code`: it is stable. `detail` is a sentence for people, and may change. The OpenAPI document lists the codes of each ' +
      'route.',
    'A request that is answered 4xx has changed nothing. After 500 or 503, or no answer at all, repeat it with the same ' +
      '`Idempotency-Key`, or `payment_id`: it has one effect.',
    '## Codes of HTTP answers',
    table(
      ['code', 'status', 'what happened', 'what to do'],
      rowsOf(httpCodes, ({ status, meaning, remedy }) => [String(status), meaning, remedy]),
    ),
    '## Codes of a saga’s steps',
    'A step that is refused ends with one of these. They are in the `error` of the step (`GET /sagas/{saga_id}`), in the ' +
      'payment or shipment that failed, and in its event.',
    table(
      ['code', 'what happened', 'what to do'],
      rowsOf(stepCodes, ({ meaning, remedy }) => [meaning, remedy]),
    ),
  ].join('\n\n');

const INTRO = `# The command line

<!-- Written by \`npm run docs\` from the declarations of the commands. Do not edit. -->

Commands take their settings from the environment, or from the local stack of \`npm start\` in this folder.
\`--json\` prints what the HTTP route of the same act answers; in a dry run, with \`"dry_run": true\` in front. Acts are recorded
in \`audit_log\` with their actor and reason.

| exit code | meaning                                                                 |
| --------- | ----------------------------------------------------------------------- |
| 0         | The command did what it was asked to do.                                |
| 1         | It failed or was refused: a service is down, an id is unknown.          |
| 2         | It was called wrongly, or a setting is missing or wrong.                |
`;

/** Renders `docs/cli.md`. */
function renderCli(): string {
  const absent = () => Promise.reject(new Error('Commands are read here, and do not run.'));
  const program = createProgram({ serve: absent, outlines: absent });
  const global = `${usage(program)}\n\n${options(program)}`;
  return [INTRO, global, ...program.commands.map((command) => section(command, 2))].join('\n\n');
}

function section(command: Command, depth: number): string {
  const parts = [`${'#'.repeat(depth)} ${nameOf(command)}`, sentence(command.description())];
  if (command.alias()) parts.push(`Also \`${nameOf(command, command.alias())}\`.`);
  // A group cannot be called, only its commands.
  if (command.commands.length === 0 || command.options.length > 0) {
    parts.push(usage(command), rows('argument', command.registeredArguments.map(argumentRow)), options(command));
  }
  parts.push(...command.commands.map((child) => section(child, depth + 1)));
  return parts.filter((part) => part !== '').join('\n\n');
}

function nameOf(command: Command, name = command.name()): string {
  return command.parent ? `${nameOf(command.parent)} ${name}` : name;
}

function usage(command: Command): string {
  const parts = [
    ...command.options.filter(({ mandatory }) => mandatory).map(({ flags }) => flags),
    ...(command.options.some(({ mandatory }) => !mandatory) ? ['[options]'] : []),
    ...(command.commands.length > 0 ? ['[command]'] : []),
    ...command.registeredArguments.map((argument) => argumentName(argument)),
  ];
  return `\`\`\`sh\n${[nameOf(command), ...parts].join(' ')}\n\`\`\``;
}

const options = (command: Command): string => rows('option', command.options.map(optionRow));

const optionRow = (option: Option): [string, string] => [
  option.flags,
  describe(option.description, option.argChoices, option.mandatory, option.defaultValue),
];

const argumentRow = (argument: Argument): [string, string] => [
  argumentName(argument),
  describe(argument.description, argument.argChoices, argument.required, argument.defaultValue),
];

const argumentName = (argument: Argument): string =>
  argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;

function describe(text: string, choices: readonly string[] | undefined, required: boolean, value: unknown): string {
  const parts = [
    sentence(text),
    choices ? `One of ${choices.map((choice) => `\`${choice}\``).join(', ')}.` : '',
    required ? 'Required.' : '',
    value === undefined ? '' : `Defaults to \`${String(value)}\`.`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function rows(heading: string, cells: readonly (readonly [string, string])[]): string {
  if (cells.length === 0) return '';
  const lines = cells.map(([name, text]) => `| \`${name}\` | ${text.replaceAll('|', '\\|')} |`);
  return [`| ${heading} | |`, '| --- | --- |', ...lines].join('\n');
}

/** Returns a command's description as a sentence. Angle brackets outside of code would be HTML. */
function sentence(text: string): string {
  if (text === '') return '';
  const whole = `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
  return whole.replace(/<[^>]+>(-\d+)?/g, (name) => `\`${name}\``);
}

/** A document that is generated from the code. */
export interface Reference {
  /** The path from the root of the clone. */
  readonly path: string;
  /** Returns the content. Markdown need not be formatted. */
  readonly render: () => string;
}

/** Every document that is generated from the code. */
export const references: readonly Reference[] = [
  { path: 'docs/cli.md', render: renderCli },
  { path: 'docs/configuration.md', render: renderConfiguration },
  { path: 'docs/errors.md', render: renderErrors },
  { path: '.env.example', render: renderEnvExample },
];

/** Returns the content of a document, formatted as `npm run check` requires. */
export async function contentOf({ path, render }: Reference): Promise<string> {
  if (!path.endsWith('.md')) return render();
  return format(render(), { parser: 'markdown', plugins: [markdown], printWidth: 120 });
}
