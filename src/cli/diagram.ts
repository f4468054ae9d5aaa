import { Argument, type Command, Option } from 'commander';
import type { SagaType } from '../temporal-contract';
import { choices, type DiagramOptions, jsonOption } from './options';
import type { ReadOutlines } from './run/declared-diagrams';

/**
 * Adds `paysaga diagram`. @param outlines called only when a declared saga or a run is drawn, because it loads the
 * workflows
 */
export function addDiagramCommand(program: Command, outlines: ReadOutlines): void {
  program
    .command('diagram')
    .description('print a type of saga, or one run, as a Mermaid diagram')
    .addArgument(new Argument('[type]', 'draw its declared steps').choices(choices.sagaTypes))
    .option('--saga <saga_id>', 'draw what happened in this saga so far')
    .addOption(new Option('--kind <kind>', 'the kind of diagram').choices(choices.diagrams).default('sequence'))
    .addOption(jsonOption())
    .action(async (type: SagaType | undefined, options: DiagramOptions) =>
      (await import('./run/diagram.js')).draw(type, options, outlines),
    );
}
