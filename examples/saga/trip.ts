/** What a saga is asked for. JSON: it is kept in the workflow's history. */
export interface Trip {
  /** Also the workflow's id, so that one trip is booked once. */
  readonly saga_id: string;
  readonly correlation_id: string;
  readonly traveller: string;
  readonly nights: number;
}

export interface Tickets {
  flight_ref: string;
  room_ref: string;
}
