/**
 * Runs `act(key)` at once, then at most each `interval` ms a key; what is asked meanwhile is done once,
 * at the end of the interval. So the last change is never missed.
 */
export function throttleByKey(act: (key: string) => void, interval: number) {
  const waiting = new Map<string, { again: boolean }>();
  const ask = (key: string) => {
    const current = waiting.get(key);
    if (current) {
      current.again = true;
      return;
    }
    const turn = { again: false };
    waiting.set(key, turn);
    setTimeout(() => {
      waiting.delete(key);
      if (turn.again) ask(key);
    }, interval);
    act(key);
  };
  return ask;
}
