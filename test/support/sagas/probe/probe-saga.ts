import { runSaga, type SagaRecords, type SagaStep } from '../../../../workflows/saga';

/** The activities of a saga that has everything a saga can have. */
export interface ProbeActivities extends SagaRecords {
  reserve(input: ProbeInput): Promise<void>;
  release(input: ProbeInput): Promise<void>;
  charge(input: ProbeInput): Promise<void>;
  chargeElsewhere(input: ProbeInput): Promise<void>;
  refund(input: ProbeInput): Promise<void>;
  decide(input: ProbeInput): Promise<void>;
  wasDecided(input: ProbeInput): Promise<boolean>;
  deliver(input: ProbeInput): Promise<void>;
  deliverElsewhere(input: ProbeInput): Promise<void>;
  apologise(input: ProbeInput): Promise<void>;
  tell(input: ProbeInput): Promise<void>;
}

export interface ProbeInput {
  readonly saga_id: string;
  readonly correlation_id: string;
}

export async function probeSaga(input: ProbeInput): Promise<void> {
  await runSaga<ProbeActivities>({ subject: input, steps: probeSteps(input), followUps: probeFollowUps(input) });
}

/** Two steps of no pivot: cancellable to its end. */
export async function shortSaga(input: ProbeInput): Promise<void> {
  await runSaga<ProbeActivities>({ subject: input, steps: probeSteps(input).slice(0, 2) });
}

export const probeSteps = (input: ProbeInput): SagaStep<ProbeActivities>[] => [
  { name: 'reserve', execute: ({ reserve }) => reserve(input), compensate: ({ release }) => release(input) },
  {
    name: 'charge',
    external: true,
    execute: ({ charge }) => charge(input),
    fallback: ({ chargeElsewhere }) => chargeElsewhere(input),
    compensate: ({ refund }) => refund(input),
  },
  { name: 'decide', execute: ({ decide }) => decide(input), pivot: { confirm: ({ wasDecided }) => wasDecided(input) } },
  {
    name: 'deliver',
    execute: ({ deliver }) => deliver(input),
    fallback: ({ deliverElsewhere }) => deliverElsewhere(input),
  },
];

export const probeFollowUps = (input: ProbeInput): SagaStep<ProbeActivities>[] => [
  { name: 'apologise', external: true, execute: ({ apologise }) => apologise(input) },
  { name: 'tell', execute: ({ tell }) => tell(input) },
];
