package dev.keybroker.boot;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ProtocolMessageEnum;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.grpc.ServerInterceptor;
import io.quarkus.grpc.GlobalInterceptor;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Rules of the house: which package may import which, and one name for each type.
@AnalyzeClasses(packages = "dev.keybroker", importOptions = ImportOption.DoNotIncludeTests.class)
class HouseTest {
  private static final String CONTRACT = "dev.keybroker.v1..";

  @ArchTest
  static final ArchRule packages_haveNoCycles =
      slices().matching("dev.keybroker.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule crypto_standsAlone =
      classes()
          .that()
          .resideInAPackage("..crypto..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "dev.keybroker.crypto..",
              "java..",
              "javax.crypto..",
              "javax.security..",
              "com.amazon.corretto..",
              "org.jspecify..");

  @ArchTest
  static final ArchRule policy_standsAlone =
      classes()
          .that()
          .resideInAPackage("dev.keybroker.policy..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "dev.keybroker.policy..", "java..", "com.fasterxml.jackson..", "org.jspecify..");

  @ArchTest
  static final ArchRule kms_importsCryptoOnly =
      noClasses()
          .that()
          .resideInAPackage("dev.keybroker.kms..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.keybroker.kek..",
              "dev.keybroker.keystore..",
              "dev.keybroker.dek..",
              "dev.keybroker.access..",
              "dev.keybroker.audit..");

  @ArchTest
  static final ArchRule kek_importsNoUseCase =
      noClasses()
          .that()
          .resideInAPackage("dev.keybroker.kek..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.keybroker.keystore..", "dev.keybroker.dek..");

  @ArchTest
  static final ArchRule nothing_importsTheFaceOrTheWiring =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.keybroker.grpc..", "dev.keybroker.console..", "dev.keybroker.boot..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.keybroker.grpc..", "dev.keybroker.boot..");

  /// The console is a caller of the API: it can do nothing that the API cannot.
  @ArchTest
  static final ArchRule console_usesTheApiAlone =
      classes()
          .that()
          .resideInAPackage("dev.keybroker.console..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "dev.keybroker.console..",
              "dev.keybroker.grpc",
              "dev.keybroker.access",
              "dev.keybroker.access.jwt",
              "dev.keybroker.settings",
              "dev.keybroker.telemetry",
              "dev.keybroker.kek",
              CONTRACT,
              "com.google.protobuf..",
              "com.google.rpc..",
              "io.grpc..",
              "io.micrometer.core.instrument..",
              "io.quarkus..",
              "io.smallrye..",
              "io.vertx..",
              "jakarta..",
              "java..",
              "org.eclipse.microprofile..",
              "org.jboss..",
              "org.jspecify..");

  @ArchTest
  static final ArchRule console_isImportedByTheWiringAlone =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.keybroker.console..", "dev.keybroker.boot..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.keybroker.console..");

  @ArchTest
  static final ArchRule wiring_isImportedByNothing =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.keybroker.boot..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.keybroker.boot..");

  @ArchTest
  static final ArchRule adapters_areWiredByBootAlone =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.keybroker.boot..", "..postgres..", "..redis..", "..aws..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.keybroker..postgres..", "dev.keybroker..redis..", "dev.keybroker..aws..");

  @ArchTest
  static final ArchRule protoTypes_liveInTheFace =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.keybroker.grpc..", "dev.keybroker.console..", CONTRACT)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(CONTRACT, "com.google.protobuf..", "io.grpc..");

  @ArchTest
  static final ArchRule hibernate_staysInItsAdapters =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.keybroker..postgres..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.hibernate..", "jakarta.persistence..", "org.flywaydb..");

  @ArchTest
  static final ArchRule redis_staysInItsAdapter =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.keybroker..redis..", "dev.keybroker.boot..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.quarkus.redis..");

  @ArchTest
  static final ArchRule awsSdk_staysInItsAdapter =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.keybroker..aws..", "dev.keybroker.boot..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("software.amazon.awssdk..");

  @ArchTest
  static final ArchRule vertx_staysInAdapters =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.keybroker..postgres..",
              "dev.keybroker..redis..",
              "dev.keybroker.grpc.transport..",
              "dev.keybroker.console..",
              "dev.keybroker.boot..",
              CONTRACT)
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.vertx..");

  @ArchTest
  static final ArchRule quarkus_staysInAdaptersAndTheWiring =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.keybroker..postgres..",
              "dev.keybroker..redis..",
              "dev.keybroker.grpc..",
              "dev.keybroker.console..",
              "dev.keybroker.boot..",
              CONTRACT)
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.quarkus..");

  @ArchTest
  static final ArchRule time_comesFromTheClock =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.keybroker.boot..")
          .should()
          .callMethod(java.time.Instant.class, "now")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(java.time.Clock.class, "systemUTC");

  /// Quarkus ignores other interceptors, and warns of them in each build.
  @ArchTest
  static final ArchRule interceptors_arePlacedByQuarkus =
      classes()
          .that()
          .areAssignableTo(ServerInterceptor.class)
          .should()
          .beAnnotatedWith(GlobalInterceptor.class);

  /// Two types of one name make a reader look twice. Only a value may have the name of the message
  /// that carries it.
  @ArchTest
  static void typeNames_nameOneTypeEach(JavaClasses classes) {
    Map<String, List<JavaClass>> named =
        classes.stream()
            .filter(
                type -> !type.isAnonymousClass() && !type.getSimpleName().equals("package-info"))
            .filter(type -> isTopLevel(type) || !isContract(type))
            .collect(Collectors.groupingBy(JavaClass::getSimpleName));
    List<String> twice =
        named.values().stream()
            .filter(types -> types.stream().anyMatch(HouseTest::isTopLevel))
            .filter(types -> types.size() > 1 && !isValueAndItsMessage(types))
            .map(types -> types.stream().map(JavaClass::getName).sorted().toList().toString())
            .sorted()
            .toList();
    assertEquals(List.of(), twice);
  }

  private static boolean isTopLevel(JavaClass type) {
    return type.getEnclosingClass().isEmpty();
  }

  private static boolean isContract(JavaClass type) {
    return type.getPackageName().startsWith("dev.keybroker.v1");
  }

  private static boolean isValueAndItsMessage(List<JavaClass> types) {
    return types.size() == 2
        && types.stream().anyMatch(HouseTest::isContract)
        && types.stream()
            .map(JavaClass::reflect)
            .anyMatch(type -> type.isRecord() || type.isSealed() || isValueEnum(type));
  }

  private static boolean isValueEnum(Class<?> type) {
    return type.isEnum() && !ProtocolMessageEnum.class.isAssignableFrom(type);
  }
}
