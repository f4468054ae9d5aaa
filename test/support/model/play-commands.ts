import { eventRegistry } from '../../../src/application';
import { refusalCode } from '../refusal-code';

export interface Decider<State, Command, Event> {
  readonly decide: (command: Command, state: State | undefined) => Event[];
  readonly evolve: (state: State | undefined, event: Event) => State;
}

export interface Played<State, Event> {
  /** The row as the commands left it. */
  readonly state: State | undefined;
  readonly events: readonly Event[];
  /** The code of each command that was refused. */
  readonly refusals: readonly string[];
  /** What the event log tells: the fold of the events as the log stores them, each checked by its schema. */
  readonly folded: State | undefined;
}

/** Sends the commands one after the other; a refused one changes nothing. */
export function playCommands<State, Command, Event extends { readonly type: string; readonly payload: unknown }>(
  { decide, evolve }: Decider<State, Command, Event>,
  commands: readonly Command[],
): Played<State, Event> {
  const events: Event[] = [];
  const refusals: string[] = [];
  let state: State | undefined;
  for (const command of commands) {
    const code = refusalCode(() => {
      const decided = decide(command, state);
      state = decided.reduce<State | undefined>(evolve, state);
      events.push(...decided);
    });
    if (code !== undefined) refusals.push(code);
  }
  const folded = events.map(asStored).reduce<State | undefined>(evolve, undefined);
  return { state, events, refusals, folded };
}

/** @throws ZodError for a payload that its type's schema does not take, or would cut */
function asStored<Event extends { readonly type: string; readonly payload: unknown }>(event: Event): Event {
  const payload = eventRegistry.get(event.type).payload.parse(event.payload);
  return JSON.parse(JSON.stringify({ ...event, payload })) as Event;
}
