import { choices } from '../../../src/cli/options';
import { DIAGRAMS } from '../../../src/cli/run/diagram';
import { deadLetterState, openState } from '../../../src/dead-letters/dead-letter';
import { productKind } from '../../../src/domain/product';
import { keyRole } from '../../../src/keys/api-key';
import { outboxState } from '../../../src/outbox/admin';
import { sagaState, sagaType } from '../../../src/sagas/view';
import { sagaSteps } from '../../../src/temporal-contract';

it('the options of the command line choose from what the schemas allow', () => {
  expect(choices).toEqual({
    deadLetterStates: deadLetterState.options,
    diagrams: Object.keys(DIAGRAMS),
    openLetterStates: openState.options,
    outboxStates: outboxState.options,
    productKinds: productKind.options,
    roles: keyRole.options,
    sagaStates: sagaState.options,
    sagaTypes: sagaType.options,
  });
  expect(choices.sagaTypes).toEqual(Object.keys(sagaSteps));
});
