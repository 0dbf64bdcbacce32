package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.stage.Reason;

/**
 * Brings the cluster to the plan: applies changed objects server-side, in waves, and deletes
 * objects that are no longer planned. It never takes over an object of another owner and never
 * deletes a volume claim, StatefulSet or credential.
 */
public final class Applier {
  private static final Logger LOG = LoggerFactory.getLogger(Applier.class);

  /** Order of creation: for example a Role before its binding and a Service before its Ingress. */
  private static final List<Set<String>> WAVES =
      List.of(
          Set.of("ServiceAccount", "Role", "Secret", "ConfigMap", "PersistentVolumeClaim"),
          Set.of("RoleBinding", "Service", "NetworkPolicy"),
          Set.of("StatefulSet", "Deployment", "Job", "CronJob"),
          Set.of("Ingress"));

  private static final int CONFLICT = 409;

  private static final String ENVIRONMENT_KIND = HasMetadata.getKind(StagingEnvironment.class);

  private final KubernetesClient client;
  private final Cache cache;
  private final Writes writes;

  public Applier(KubernetesClient client, Cache cache, Writes writes) {
    this.client = client;
    this.cache = cache;
    this.writes = writes;
  }

  /** Is notified of every write. */
  @FunctionalInterface
  public interface Writes {
    /** The verb is create, update or delete. */
    void wrote(String verb, String kind);
  }

  /** The watched objects. Each write is added at once, so that the next pass sees it. */
  public interface Cache {
    Optional<HasMetadata> find(HasMetadata like);

    void wrote(HasMetadata now, Optional<HasMetadata> before);
  }

  /**
   * Applies the objects.
   *
   * <p>When a name is taken, the rest of that component is skipped: its pods would run with the
   * account, values or rights of another owner. Its existing objects stay.
   *
   * @return what the cluster refused, and each name that an object of another owner has
   */
  public List<Refusal> apply(List<HasMetadata> planned) {
    var refusals = new ArrayList<Refusal>();
    var ended = new HashSet<String>();
    try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var wave : WAVES) {
        var members =
            planned.stream()
                .filter(o -> wave.contains(o.getKind()) && !ended.contains(component(o)))
                .toList();
        refusals.addAll(applyWave(pool, members, ended));
      }
    }
    var unknown =
        planned.stream()
            .map(HasMetadata::getKind)
            .filter(kind -> WAVES.stream().noneMatch(wave -> wave.contains(kind)))
            .collect(Collectors.toSet());
    if (!unknown.isEmpty()) {
      throw new IllegalStateException("no wave for " + unknown);
    }
    return refusals;
  }

  private static String component(HasMetadata object) {
    return object.getMetadata().getLabels().get(Labels.COMPONENT);
  }

  /**
   * Applies the objects of one wave concurrently.
   *
   * @param ended receives the components whose later objects are skipped
   */
  private List<Refusal> applyWave(
      ExecutorService pool, List<HasMetadata> members, Set<String> ended) {
    Function<HasMetadata, Write> start = o -> new Write(o, pool.submit(() -> applyOne(o)));
    var running = members.stream().map(start).toList();
    var refusals = new ArrayList<Refusal>();
    for (var write : running) {
      try {
        write
            .outcome()
            .get()
            .ifPresent(refusal -> {
              refusals.add(refusal);
              if (refusal.reason() == Reason.NAME_TAKEN) {
                ended.add(component(write.object()));
              }
            });
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException cause) {
          throw cause;
        }
        throw new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while applying", e);
      }
    }
    return refusals;
  }

  private record Write(HasMetadata object, Future<Optional<Refusal>> outcome) {}

  private Optional<Refusal> applyOne(HasMetadata planned) {
    FieldOwnership.seal(planned);
    var known = cache.find(planned);
    if (known.isPresent()) {
      if (FieldOwnership.unchanged(known.get(), planned)) {
        return Optional.empty();
      }
    } else {
      var there = client.resource(planned).get();
      if (there != null) {
        var owner = Labels.environmentOf(planned).orElseThrow();
        if (!Labels.environmentOf(there).equals(Optional.of(owner))) {
          return Optional.of(
              new Refusal(
                  Reason.NAME_TAKEN,
                  "%s %s exists and does not belong to this environment (it lacks the label %s=%s)"
                      .formatted(
                          there.getKind(),
                          there.getMetadata().getName(),
                          Labels.ENVIRONMENT,
                          owner),
                  key(planned)));
        }
        // The object is ours but not in the watch yet, so the plan is stale.
        throw new StaleView(there);
      }
    }
    HasMetadata applied;
    try {
      applied = write(planned, known.isPresent());
    } catch (KubernetesClientException e) {
      return Optional.of(Refusal.of(planned, e).orElseThrow(() -> e));
    }
    cache.wrote(applied, known);
    writes.wrote(known.isPresent() ? "update" : "create", applied.getKind());
    log(known.isPresent() ? "updated" : "created", applied);
    return Optional.empty();
  }

  private HasMetadata write(HasMetadata planned, boolean known) {
    try {
      return client
          .resource(planned)
          .fieldManager(FieldOwnership.MANAGER)
          .forceConflicts()
          .serverSideApply();
    } catch (KubernetesClientException e) {
      if (!known || !ListReplacement.mayHelp(planned, e)) {
        throw e;
      }
      return ListReplacement.apply(client, planned);
    }
  }

  /**
   * Deletes objects that are ours and no longer planned, except data and credentials.
   *
   * @param abandoned keys of Jobs to delete although they have not ended
   * @return what the cluster refused to delete
   */
  public List<Refusal> prune(
      OwnedObjects observed, Set<String> plannedKeys, Set<String> abandoned) {
    var refusals = new ArrayList<Refusal>();
    for (var object : observed.objects()) {
      if (plannedKeys.contains(key(object))
          || object.isMarkedForDeletion()
          || object instanceof PersistentVolumeClaim
          || !WAVES.stream().anyMatch(wave -> wave.contains(object.getKind()))
          || object.getKind().equals("StatefulSet")
          || object.getMetadata().getName().endsWith("-credentials")
          || (goesByItself(object) && !abandoned.contains(key(object)))) {
        continue;
      }
      try {
        client.resource(object).withPropagationPolicy(DeletionPropagation.BACKGROUND).delete();
      } catch (KubernetesClientException e) {
        refusals.add(Refusal.of(object, e).orElseThrow(() -> e));
        continue;
      }
      writes.wrote("delete", object.getKind());
      log("deleted", object);
    }
    return refusals;
  }

  /**
   * Deletes StatefulSets, and volume claims that were created for a first deployment. This needs a
   * permission that an administrator must grant. An object is deleted only if it has not changed
   * since it was read.
   *
   * @return what the cluster refused to delete; the objects after a refusal are not tried
   */
  public List<Refusal> wipe(List<HasMetadata> objects) {
    for (var object : objects) {
      var annotations = object.getMetadata().getAnnotations();
      if (!object.getKind().equals("StatefulSet")
          && (annotations == null || !annotations.containsKey(Labels.FIRST_DEPLOYMENT))) {
        throw new IllegalArgumentException(key(object) + " was not made for a first deployment");
      }
      try {
        client
            .resource(object)
            .lockResourceVersion(object.getMetadata().getResourceVersion())
            .delete();
      } catch (KubernetesClientException e) {
        if (e.getCode() == CONFLICT) {
          throw new StaleView(object);
        }
        return List.of(Refusal.of(object, e).orElseThrow(() -> e));
      }
      writes.wrote("delete", object.getKind());
      log("deleted", object);
    }
    return List.of();
  }

  /** A Job that has not ended, or an object of another controller, such as a Job of a CronJob. */
  private static boolean goesByItself(HasMetadata object) {
    boolean running =
        object instanceof Job job
            && (job.getStatus() == null
                || job.getStatus().getConditions().stream()
                    .noneMatch(c ->
                        Set.of("Complete", "Failed").contains(c.getType())
                            && "True".equals(c.getStatus())));
    return running
        || object.getMetadata().getOwnerReferences().stream()
            .anyMatch(owner ->
                Boolean.TRUE.equals(owner.getController())
                    && !owner.getKind().equals(ENVIRONMENT_KIND));
  }

  /** Kind and name, which identify an object within one environment. */
  public static String key(HasMetadata object) {
    return object.getKind() + "/" + object.getMetadata().getName();
  }

  private static void log(String what, HasMetadata object) {
    LOG.atInfo()
        .addKeyValue("namespace", object.getMetadata().getNamespace())
        .addKeyValue("environment", Labels.environmentOf(object).orElse(""))
        .addKeyValue("object", key(object))
        .log(what);
  }

  /** The watch lags behind the server; the pass must be repeated. */
  public static final class StaleView extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StaleView(HasMetadata object) {
      super("the watch has not shown " + key(object) + " yet");
    }
  }
}
