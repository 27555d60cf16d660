package dev.keybroker.console;

import dev.keybroker.access.Permission;
import dev.keybroker.access.Target;
import io.quarkus.qute.TemplateInstance;
import jakarta.inject.Singleton;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Renders pages for the current visitor, in their language.
@Singleton
class Pages {
  private final Visitor visitor;

  Pages(Visitor visitor) {
    this.visitor = visitor;
  }

  /// A page of no tenant.
  TemplateInstance show(Function<Page, TemplateInstance> screen) {
    return show(null, null, "", screen);
  }

  /// A page that asks before a change. Only visitors who may make the change see it.
  TemplateInstance ask(
      String tenant, String keystore, String grpcurl, Function<Page, TemplateInstance> screen) {
    return show(
        tenant,
        keystore,
        grpcurl,
        page -> {
          if (!page.edits()) {
            throw RefusedCall.denied();
          }
          return screen.apply(page);
        });
  }

  /// @param keystore the keystore that the page is about; null if it is about the tenant
  /// @param grpcurl the equivalent call of the API
  TemplateInstance show(
      @Nullable String tenant,
      @Nullable String keystore,
      String grpcurl,
      Function<Page, TemplateInstance> screen) {
    Page page =
        new Page(
            tenant,
            visitor.name(),
            visitor.isSignedIn(),
            visitor.language().getLanguage(),
            grpcurl,
            tenant != null && visitor.may(Permission.KEYSTORE_VIEW, new Target(tenant, keystore)),
            tenant != null && visitor.may(Permission.KEYSTORE_EDIT, new Target(tenant, keystore)),
            tenant != null && visitor.may(Permission.AUDIT_VIEW, new Target(tenant, null)));
    return screen.apply(page).setLocale(visitor.language());
  }
}
