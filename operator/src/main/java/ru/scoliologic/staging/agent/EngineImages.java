package ru.scoliologic.staging.agent;

import com.github.dockerjava.api.command.PruneCmd;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Image;
import com.github.dockerjava.api.model.PruneType;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The images that builds leave in an engine. Those of the newest builds stay, for their layers are
 * the cache of the next one.
 */
final class EngineImages {
  /** On each built image: the tag it was built for. */
  static final String SOURCE = "ru.scoliologic.staging/source";

  /** On each built image: the repository it was built for. An engine may serve several. */
  static final String REPOSITORY = "ru.scoliologic.staging/repository";

  /** How long the stages that an image is made from are kept as cache. */
  private static final String STAGES = "336h";

  private final String repository;
  private final boolean own;

  /**
   * @param repository whose images these are
   * @param own whether all of the engine is the agent's; on another one only its own images are
   *     looked at
   */
  EngineImages(String repository, boolean own) {
    this.repository = repository;
    this.own = own;
  }

  Map<String, String> labels(String tag) {
    return Map.of(SOURCE, tag, REPOSITORY, repository);
  }

  /** Whether the engine has the image of a tag from an earlier try. */
  boolean has(Engine engine, String tag) throws EngineException {
    try {
      var image = engine.ask(d -> d.inspectImageCmd(repository + ":" + tag).exec());
      var labels = image.getConfig() == null ? null : image.getConfig().getLabels();
      return labels != null
          && tag.equals(labels.get(SOURCE))
          && repository.equals(labels.get(REPOSITORY));
    } catch (EngineException e) {
      if (e.notFound()) {
        return false;
      }
      throw e;
    }
  }

  /** Removes what is older than the newest images, and what no build uses any more. */
  void tidy(Engine engine, int keep) throws EngineException {
    removeOld(engine, keep);
    if (own) {
      prune(engine, PruneType.CONTAINERS, prune -> prune);
      prune(engine, PruneType.IMAGES, prune -> prune.withDangling(true).withUntilFilter(STAGES));
    }
  }

  /** Removes whatever can be made or loaded again: of an own engine all that no container uses. */
  void makeRoom(Engine engine) throws EngineException {
    removeOld(engine, 1);
    if (own) {
      prune(engine, PruneType.CONTAINERS, prune -> prune);
      prune(engine, PruneType.IMAGES, prune -> prune.withDangling(false));
      prune(engine, PruneType.BUILD, prune -> prune);
    }
  }

  private static void prune(Engine engine, PruneType type, UnaryOperator<PruneCmd> options)
      throws EngineException {
    engine.ask(d -> options.apply(d.pruneCmd(type)).exec());
  }

  private void removeOld(Engine engine, int keep) throws EngineException {
    List<Image> images =
        engine.ask(d -> d.listImagesCmd().withLabelFilter(Map.of(REPOSITORY, repository)).exec());
    var old =
        images.stream()
            .sorted(Comparator.comparing(Image::getCreated).reversed())
            .skip(keep)
            .flatMap(this::names)
            .toList();
    for (var name : old) {
      engine.ask(d -> {
        try {
          return d.removeImageCmd(name).exec();
        } catch (NotFoundException | ConflictException e) {
          // Gone meanwhile, or another image or a container needs it.
          return null;
        }
      });
    }
  }

  /** What takes the image away where nobody else has named it. */
  private Stream<String> names(Image image) {
    var tags =
        image.getRepoTags() == null
            ? List.<String>of()
            : Stream.of(image.getRepoTags())
                .filter(Objects::nonNull)
                .filter(tag -> !tag.equals("<none>:<none>"))
                .toList();
    return tags.isEmpty()
        ? Stream.of(image.getId())
        : tags.stream().filter(tag -> tag.startsWith(repository + ":"));
  }
}
