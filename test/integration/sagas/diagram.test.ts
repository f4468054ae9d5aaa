import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { sequenceDiagram, stateDiagram } from '../../../src/cli/run/declared-diagrams';
import { declaredSagas } from '../../../workflows/declared-sagas';

/** The built program, as a shell runs it: it needs no server and no configuration. */
const diagram = (...args: string[]) =>
  run(process.execPath, [fromRoot('dist', 'src', 'cli.js'), 'diagram', ...args], { env: { PATH: process.env.PATH } });

it('prints the sequence by default, or the states', async () => {
  const { shipment } = declaredSagas();
  expect(await diagram('shipment')).toEqual({ code: 0, output: sequenceDiagram('shipment', shipment) });
  const states = await diagram('shipment', '--kind', 'state');
  expect(states).toEqual({ code: 0, output: stateDiagram('shipment', shipment) });
});

it.each([[['refund']], [['order', '--kind', 'flowchart']], [[]]])(
  'exits with 2 for the wrong arguments %j',
  async (args) => {
    expect((await diagram(...args)).code).toBe(2);
  },
);
