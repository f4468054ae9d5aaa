import type { Argument, Command, Option } from 'commander';
import { createProgram } from '../../src/cli/program';

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

/** The reference of the command line, in Markdown. */
export function renderCli(): string {
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

/** The description of a command, as a sentence. Angle brackets outside of code would be HTML. */
function sentence(text: string): string {
  if (text === '') return '';
  const whole = `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
  return whole.replace(/<[^>]+>(-\d+)?/g, (name) => `\`${name}\``);
}
