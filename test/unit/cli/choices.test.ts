import { choices } from '../../../src/cli/choices';
import { DIAGRAMS } from '../../../src/cli/run/diagram';
import { sagaSteps } from '../../../src/contract';
import { productKind } from '../../../src/inventory/product';
import { keyRole } from '../../../src/keys/api-key';
import { deadLetterState, openState } from '../../../src/messaging/dead-letters/dead-letter';
import { outboxState } from '../../../src/outbox/operator/outbox-row';
import { sagaState, sagaType } from '../../../src/sagas/view/saga-view';

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
