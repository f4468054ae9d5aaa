/** The saga's input, as JSON. The workflow's history contains it. */
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
