/** A table that commands write, declared by the module that owns it. */
export interface Table<Key extends string = string> {
  readonly name: string;
  /** The column by which commands find rows. */
  readonly key: Key;
}

/** Declares a table. Both names become SQL identifiers, so they must never be input. */
export const defineTable = <Key extends string>(name: string, key: Key): Table<Key> => ({ name, key });
