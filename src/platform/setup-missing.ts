/** Something that `paysaga setup` makes is not there. No waiting mends that. */
export class SetupMissing extends Error {
  override readonly name = 'SetupMissing';

  /**
   * @param what a clause, for people
   * @param command the one that mends it, where a command does
   */
  constructor(
    what: string,
    readonly command?: string,
  ) {
    super(command === undefined ? what : `${what}: run \`${command}\``);
  }
}
