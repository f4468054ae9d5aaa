/** SQL for a time as RFC 3339 in UTC with milliseconds, whatever the session's zone and format. */
export const rfc3339 = (time: string): string => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
