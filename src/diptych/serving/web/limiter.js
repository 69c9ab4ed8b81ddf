/** A way to run jobs a few at a time, in their order: it takes a job and promises its result. */
export function limiter(width) {
  const waiting = [];
  let running = 0;

  async function next() {
    if (running === width || !waiting.length) return;
    running += 1;
    const { job, resolve } = waiting.shift();
    // A failure is the failure of that job alone.
    resolve(await Promise.resolve().then(job).then((value) => ({ value }), (error) => ({ error })));
    running -= 1;
    next();
  }

  return (job) =>
    new Promise((resolve) => {
      waiting.push({ job, resolve });
      next();
    }).then(({ value, error }) => {
      if (error) throw error;
      return value;
    });
}
