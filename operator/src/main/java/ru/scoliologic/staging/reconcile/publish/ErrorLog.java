package ru.scoliologic.staging.reconcile.publish;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;

/** Logs unexpected errors: the whole stack once for each environment, then a line each time. */
public final class ErrorLog {
  private static final Logger LOG = LoggerFactory.getLogger(ErrorLog.class);

  /** Counts by error, which its class and the place of the throw identify. */
  private final EnvironmentMemories.Slot<Map<String, Integer>> met;

  public ErrorLog(EnvironmentMemories memories) {
    this.met = memories.slot();
  }

  public void tell(StagingEnvironment environment, RuntimeException error, SecretMasker masking) {
    var metadata = environment.getMetadata();
    var place = place(error);
    int times = met.get(metadata.getUid(), ConcurrentHashMap::new).merge(place, 1, Integer::sum);
    var line =
        LOG.atError()
            .addKeyValue("namespace", metadata.getNamespace())
            .addKeyValue("environment", metadata.getName());
    if (times == 1) {
      line.log("unexpected error, the pass is tried again:\n{}", masking.mask(stack(error)));
    } else {
      line.log("unexpected error once more, {} times now: {}", times, place);
    }
  }

  /** After a good pass the same error is logged in full again. */
  public void forget(StagingEnvironment environment) {
    met.remove(environment.getMetadata().getUid());
  }

  /** Without the message, which may differ each time. */
  private static String place(Throwable error) {
    var root = error;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    var frames = root.getStackTrace();
    return root.getClass().getName() + (frames.length == 0 ? "" : " at " + frames[0]);
  }

  private static String stack(Throwable error) {
    var text = new StringWriter();
    error.printStackTrace(new PrintWriter(text, true));
    return text.toString().stripTrailing();
  }
}
