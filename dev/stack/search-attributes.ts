/** The search attributes of every saga, as the operator's Web UI filters by them. */
export const SEARCH_ATTRIBUTES = {
  PaysagaOrderId: 'Keyword',
  PaysagaCustomerId: 'Keyword',
  PaysagaSagaState: 'Keyword',
  PaysagaStep: 'Keyword',
} as const;
