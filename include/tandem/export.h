/* SPDX-License-Identifier: MPL-2.0
 *
 * export.h: what libtandem shows to other programs: functions declared with TDM_API, and nothing else.
 */
#ifndef TANDEM_EXPORT_H
#define TANDEM_EXPORT_H

#define TDM_API __attribute__((visibility("default")))

#ifdef __cplusplus
#define TDM_BEGIN_DECLS extern "C" {
#define TDM_END_DECLS }
#else
#define TDM_BEGIN_DECLS
#define TDM_END_DECLS
#endif

#endif
