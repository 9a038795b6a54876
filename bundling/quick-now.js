/** performance.now(), for differences alone: Node takes more than a millisecond to load all of `performance` when it is first asked for the time. */
export const quickNow = () => Number(process.hrtime.bigint()) / 1e6;
