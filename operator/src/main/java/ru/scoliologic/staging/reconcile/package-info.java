/** The one flow: gather, validate, plan, apply, assess, publish. Only this package uses the SDK. */
package ru.scoliologic.staging.reconcile;
