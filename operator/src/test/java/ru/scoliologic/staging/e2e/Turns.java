package ru.scoliologic.staging.e2e;

import java.util.HashMap;
import java.util.Map;
import java.util.function.IntSupplier;

/** In which order the environments of namespaces got passes, and behind what each one waited. */
final class Turns {
  private final IntSupplier work;
  private final Map<String, Wait> waiting = new HashMap<>();
  private final Map<String, Total> totals = new HashMap<>();

  /**
   * Nothing was noted yet.
   *
   * @param work counts what others have done so far, which a pass may have to wait for
   */
  Turns(IntSupplier work) {
    this.work = work;
  }

  /**
   * Of one namespace.
   *
   * @param passes that it got
   * @param overtaken most passes that one other namespace got while this one waited for its next
   * @param behind work that was done while it waited for passes, all together
   */
  record Total(int passes, int overtaken, int behind) {
    static final Total NOTHING = new Total(0, 0, 0);
  }

  private record Wait(int workBefore, Map<String, Integer> others) {}

  /** A namespace waits for a pass from now on. */
  synchronized void asked(String namespace) {
    waiting.put(namespace, new Wait(work.getAsInt(), new HashMap<>()));
  }

  /** A namespace gets its pass. */
  synchronized void begun(String namespace) {
    var wait = waiting.remove(namespace);
    waiting.values().forEach(other -> other.others().merge(namespace, 1, Integer::sum));
    if (wait == null) {
      return;
    }
    int most = wait.others().values().stream().mapToInt(turns -> turns).max().orElse(0);
    var before = of(namespace);
    totals.put(
        namespace,
        new Total(
            before.passes() + 1,
            Math.max(before.overtaken(), most),
            before.behind() + work.getAsInt() - wait.workBefore()));
  }

  synchronized Total of(String namespace) {
    return totals.getOrDefault(namespace, Total.NOTHING);
  }
}
